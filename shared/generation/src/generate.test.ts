import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import {
  decoderConfig,
  forward,
  initialWeights,
  logits,
  modelParameters,
  tensorsOf,
  type ParameterTensors,
} from '@arrowsmith/model';
import { useBackend, type BackendName } from '@arrowsmith/engine';
import { generate } from './generate.ts';
import { samplingParameters } from './sampling/parameters.ts';
import { samplingGenerator } from './sampling/random-stream.ts';
import { sampleToken } from './sampling/sample.ts';

const config = decoderConfig(
  modelParameters.parse({
    hiddenSize: 16,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    intermediateSize: 24,
    initializerRange: 0.3,
  }),
  { vocabularySize: 29, contextLength: 20 },
);
const prompt = [3, 1, 4, 1, 5];
const greedy = samplingParameters.parse({ temperature: 0, maximumTokens: 100 });
const sampled = samplingParameters.parse({ temperature: 1.2, topK: 12, topP: 0.95, maximumTokens: 100, seed: 5 });

describe.each<BackendName>(['cpu', 'wasm'])('on the %s backend', (backend) => {
  let parameters: ParameterTensors;
  beforeAll(async () => {
    await useBackend(backend);
    parameters = tensorsOf(initialWeights(config, 4));
  });

  test.each([
    ['greedy', greedy],
    ['sampled', sampled],
  ])('%s generation with a cache equals recomputing the whole sequence for each token', async (_, sampling) => {
    const rng = samplingGenerator(sampling.seed);
    const sequence = [...prompt];
    while (sequence.length <= config.contextLength) {
      const scores = tf.tidy(() => {
        const hidden = forward(config, parameters, tf.tensor2d(sequence, [1, sequence.length], 'int32'));
        return tf.reshape(logits(config, parameters, hidden), [sequence.length, config.vocabularySize]);
      });
      const last = (await scores.data<'float32'>()).slice(-config.vocabularySize);
      scores.dispose();
      sequence.push(sampleToken(last, sampling, rng));
    }
    expect(await generate({ config, parameters, prompt, sampling })).toEqual(sequence.slice(prompt.length));
  });

  test('ends with the context: every position of it predicts one token', async () => {
    const ids = await generate({ config, parameters, prompt, sampling: greedy });
    expect(ids).toHaveLength(config.contextLength - prompt.length + 1);
    const full = Array.from({ length: config.contextLength }, (_, i) => i);
    expect(await generate({ config, parameters, prompt: full, sampling: greedy })).toHaveLength(1);
  });

  test('ends before the stop token, and after maximumTokens', async () => {
    const ids = await generate({ config, parameters, prompt, sampling: sampled });
    const stopToken = ids[4]!;
    const untilStop = ids.slice(0, ids.indexOf(stopToken));
    expect(await generate({ config, parameters, prompt, sampling: sampled, stopToken })).toEqual(untilStop);
    const limited = { ...sampled, maximumTokens: 3 };
    expect(await generate({ config, parameters, prompt, sampling: limited })).toEqual(ids.slice(0, 3));
  });

  test('gives the same text for the same seed, and another for another', async () => {
    const [first, again, other] = [
      await generate({ config, parameters, prompt, sampling: sampled }),
      await generate({ config, parameters, prompt, sampling: sampled }),
      await generate({ config, parameters, prompt, sampling: { ...sampled, seed: 6 } }),
    ];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('frees all its tensors, also when it is interrupted', async () => {
    const before = tf.memory().numTensors;
    await generate({ config, parameters, prompt, sampling: greedy });
    expect(tf.memory().numTensors).toBe(before);
    const controller = new AbortController();
    const work = generate({ config, parameters, prompt, sampling: greedy, signal: controller.signal });
    setImmediate(() => setImmediate(() => controller.abort(new Error('enough'))));
    await expect(work).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([
    ['empty', [], 'prompt is empty'],
    ['longer than the context', Array.from({ length: 21 }, () => 1), 'at most 20'],
    ['not of the vocabulary', [1, 29], '29'],
  ])('refuses a prompt that is %s', async (_, wrong, message) => {
    const before = tf.memory().numTensors;
    const work = generate({ config, parameters, prompt: wrong, sampling: greedy });
    await expect(work).rejects.toThrow(UserError);
    await expect(work).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});
