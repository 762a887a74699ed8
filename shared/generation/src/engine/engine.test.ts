import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import {
  decoderConfig,
  initialWeights,
  modelParameters,
  PER_LAYER_TABLE,
  tensorsOf,
  type ParameterTensors,
} from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { generate } from '../generate.ts';
import { generationParameters } from '../sampling/index.ts';
import { Engine } from './engine.ts';
import type { EngineOptions } from './engine-options.ts';
import type { GenerationEvent, GenerationRequest } from './request.ts';

const sizes = { hiddenSize: 16, layers: 5, heads: 4, kvHeads: 2, intermediateSize: 16, initializerRange: 0.3 };
const configOf = (family: string) =>
  decoderConfig(modelParameters.parse({ family, ...sizes, window: 3, chunk: 3 }), {
    vocabularySize: 29,
    contextLength: 40,
  });
const parametersOf = (seed: number, maximumTokens = 12) =>
  generationParameters.parse({ temperature: seed % 3 === 0 ? 0 : 1.1, topK: 12, topP: 0.95, seed, maximumTokens });

async function eventsOf(events: AsyncIterable<GenerationEvent>): Promise<GenerationEvent[]> {
  const told: GenerationEvent[] = [];
  for await (const event of events) told.push(event);
  return told;
}

const tokensOf = async (events: AsyncIterable<GenerationEvent>) => idsOf(await eventsOf(events));

const idsOf = (events: readonly GenerationEvent[]) =>
  events.flatMap((event) => (event.kind === 'token' ? [event.id] : []));

const promptScores = (events: readonly GenerationEvent[]) =>
  events.flatMap((event) => (event.kind === 'prompt' ? event.logProbabilities : []));

const prompts = [[3, 1, 4, 1, 5], [2], [9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2], [3, 1, 4, 1, 5, 9, 2, 6], [27, 18]];
const requests: GenerationRequest[] = prompts.map((prompt, i) => ({ prompt, parameters: parametersOf(i + 1) }));

const backends = new Set<BackendName>(['cpu', resolveBackend('auto')]);

describe.each([...backends])('the engine on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  const config = configOf('gemma3');
  let parameters: ParameterTensors;
  let textsAlone: number[][];
  beforeAll(async () => {
    parameters = tensorsOf(initialWeights(config, 4));
    textsAlone = [];
    for (const { prompt, parameters: sampling } of requests) {
      textsAlone.push(await generate({ config, parameters, prompt: [...prompt], sampling }));
    }
  });

  const caches = ['contiguous', 'paged', 'heterogeneous'] as const;
  const everyOption: EngineOptions[] = caches.flatMap((cache) =>
    (['recompute', 'swap'] as const).flatMap((preemption) => [
      { cache, preemption, blockSize: 4 },
      { cache, preemption, blockSize: 4, passTokens: 5, sequences: 3, cacheBytes: 1.5 * 40 * 2 * 5 * 2 * 4 * 4 },
    ]),
  );

  // What is scheduled does not depend on the backend: where there are no kernels, and passes are slow, one of each cache.
  const options = backend === 'cpu' ? everyOption.filter((_, i) => i % 5 === 1) : everyOption;

  test.each(options)('writes many texts at once as each alone: %o', async (own) => {
    const before = tf.memory().numTensors;
    const engine = new Engine({ config, parameters }, own);
    const together = await Promise.all(requests.map((request) => tokensOf(engine.generate(request))));
    expect(together).toEqual(textsAlone);
    engine.check();
    expect(engine.state()).toMatchObject({ running: 0, waiting: 0, memory: { held: 0 } });
    await engine.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each(options)('writes samples of a prompt that it computes once: %o', async (own) => {
    const engine = new Engine({ config, parameters }, own);
    const request = { prompt: requests[2]!.prompt, parameters: parametersOf(1), promptLogProbabilities: true };
    const events: GenerationEvent[][] = await Promise.all(engine.samples(request, 5).map(eventsOf));
    for (const [sample, told] of events.entries()) {
      const alone = await eventsOf(engine.generate({ ...request, sample }));
      expect(idsOf(told)).toEqual(idsOf(alone));
      expect(promptScores(told)).toHaveLength(request.prompt.length - 1);
      expect(told[0]).toMatchObject({ kind: 'prompt', sharedTokens: sample === 0 ? 0 : request.prompt.length });
    }
    expect(new Set(events.map((told) => idsOf(told).join())).size).toBe(5);
    engine.check();
    expect(engine.state()).toMatchObject({ running: 0, waiting: 0, memory: { held: 0 } });
    await engine.dispose();
  });

  test('goes on with other samples where the one that computes the prompt is left', async () => {
    const engine = new Engine({ config, parameters }, { passTokens: 3 });
    const controller = new AbortController();
    const request = { prompt: requests[2]!.prompt, parameters: parametersOf(1) };
    const [first, ...others] = engine.samples({ ...request }, 3);
    const [left] = engine.samples({ ...request, signal: controller.signal }, 1);
    const texts = Promise.all([first!, ...others].map((sample, i) => (i === 0 ? sample.next() : tokensOf(sample))));
    const refused = tokensOf(left!);
    await new Promise(setImmediate);
    controller.abort(new Error('enough'));
    await expect(refused).rejects.toThrow('enough');
    await first!.return();
    const [, ...told] = await texts;
    for (const [i, ids] of told.entries()) {
      expect(ids).toEqual(await tokensOf(engine.generate({ ...request, sample: 1 + i })));
    }
    engine.check();
    await engine.dispose();
  });

  test('gives memory back at once when nobody reads any more, or a signal says so', async () => {
    const engine = new Engine({ config, parameters });
    const long = { prompt: [1, 2, 3], parameters: parametersOf(1, 30) };
    for await (const { kind } of engine.generate(long)) if (kind === 'token') break;
    expect(engine.state()).toMatchObject({ running: 0, waiting: 0 });
    const controller = new AbortController();
    const texts = [
      tokensOf(engine.generate({ ...long, signal: controller.signal })),
      tokensOf(engine.generate({ ...long })),
    ] as const;
    controller.abort(new Error('enough'));
    await expect(texts[0]).rejects.toThrow('enough');
    expect(await texts[1]).toHaveLength(30);
    engine.check();
    await engine.dispose();
  });

  test('tells log-probabilities of tokens and of the prompt, whichever pieces it is computed in', async () => {
    const request = { ...requests[2]!, logProbabilities: 2, promptLogProbabilities: true };
    const told = async (own: EngineOptions): Promise<GenerationEvent[]> => {
      const engine = new Engine({ config, parameters }, own);
      const events = await eventsOf(engine.generate(request));
      await engine.dispose();
      return events;
    };
    const [whole, pieces] = [await told({}), await told({ passTokens: 5 })];
    expect(promptScores(whole).map(({ id }) => id)).toEqual(request.prompt.slice(1));
    const flat = (events: readonly GenerationEvent[]) =>
      events.flatMap((event) => {
        if (event.kind === 'prompt') return event.logProbabilities.map(({ logProbability }) => logProbability);
        return event.kind === 'token' ? [event.id, event.logProbabilities!.logProbability] : [];
      });
    expect(flat(pieces)).toHaveLength(flat(whole).length);
    flat(pieces).forEach((value, i) => expect(value).toBeCloseTo(flat(whole)[i]!, 4));
  });

  test('tells log-probabilities of all of a prompt that was there before, and of one that was computed twice', async () => {
    const tight = { blockSize: 4, passTokens: 5, cacheBytes: 1.5 * 40 * 2 * 5 * 2 * 4 * 4 };
    const engine = new Engine({ config, parameters }, tight);
    const many = Array.from({ length: 6 }, () => ({
      prompt: requests[2]!.prompt.concat(requests[2]!.prompt),
      parameters: parametersOf(1),
      promptLogProbabilities: true,
    }));
    const told = await Promise.all(
      many.map(async (request) => promptScores(await eventsOf(engine.generate(request))).map(({ id }) => id)),
    );
    for (const ids of told) expect(ids).toEqual(many[0]!.prompt.slice(1));
    await engine.dispose();
  });

  test('names the layer where numbers end', async () => {
    const name = 'model.layers.2.mlp.down_proj.weight';
    const broken = { ...parameters, [name]: tf.fill(parameters[name]!.shape, NaN) };
    const engine = new Engine({ config, parameters: broken });
    const work = tokensOf(engine.generate(requests[0]!));
    await expect(work).rejects.toThrow(UserError);
    await expect(work).rejects.toThrow('layer 2');
    await engine.dispose();
  });

  test('names it, too, where a table is read row by row from a file', async () => {
    const nested = configOf('gemma3n');
    const { [PER_LAYER_TABLE]: rows, ...weights } = initialWeights(nested, 4);
    const [, width = 0] = rows!.shape;
    const perLayerRows = (ids: Int32Array): Float32Array =>
      Float32Array.from(
        { length: ids.length * width },
        (_, i) => rows!.data[ids[Math.floor(i / width)]! * width + (i % width)]!,
      );
    const all: ParameterTensors = tensorsOf(weights);
    const whole = new Engine({ config: nested, parameters: all, perLayerRows });
    expect(await tokensOf(whole.generate(requests[1]!))).toHaveLength(12);
    const name = 'model.layers.2.mlp.down_proj.weight';
    const broken = { ...all, [name]: tf.fill(all[name]!.shape, NaN) };
    const engine = new Engine({ config: nested, parameters: broken, perLayerRows });
    await expect(tokensOf(engine.generate(requests[1]!))).rejects.toThrow('layer 2');
    await Promise.all([whole.dispose(), engine.dispose()]);
  });

  test.each([
    ['empty', [], 'prompt is empty'],
    ['longer than the context', Array.from({ length: 41 }, () => 1), 'at most 40'],
    ['not of the vocabulary', [1, 29], '29'],
  ])('refuses a prompt that is %s', async (_, prompt, message) => {
    const engine = new Engine({ config, parameters });
    await expect(tokensOf(engine.generate({ prompt, parameters: parametersOf(1) }))).rejects.toThrow(message);
    await engine.dispose();
  });

  test('takes memory for as many full contexts as it is to compute at once, however short', async () => {
    for (const contextLength of [1, 2, 5, 16, 17, 40]) {
      const engine = new Engine({ config, parameters }, { contextLength, sequences: 1 });
      expect(await tokensOf(engine.generate({ prompt: [3], parameters: parametersOf(3, 50) }))).not.toEqual([]);
      await engine.dispose();
    }
  });

  test('refuses a memory too small for one sequence', () => {
    expect(() => new Engine({ config, parameters }, { cacheBytes: 1000 })).toThrow(UserError);
    for (const wrong of [
      { sequences: 0 },
      { passTokens: -1 },
      { blockSize: NaN },
      { drafts: { by: 'prompt-lookup' as const, tokens: 0.5 } },
    ])
      expect(() => new Engine({ config, parameters }, wrong)).toThrow(/no engine with these options/);
  });
});
