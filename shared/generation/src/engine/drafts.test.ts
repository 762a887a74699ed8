import { resolveBackend, useBackend } from '@arrowsmith/engine';
import {
  decoderConfig,
  extractNested,
  initialWeights,
  modelParameters,
  tensorsOf,
  type ParameterTensors,
} from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { generationParameters } from '../sampling/index.ts';
import type { DraftOptions } from './drafts.ts';
import { Engine } from './engine.ts';
import type { EngineOptions } from './engine-options.ts';
import type { EngineModel } from './model-passes.ts';
import type { GenerationEvent, GenerationRequest } from './request.ts';

const CONTEXT = 40;

const config = decoderConfig(
  modelParameters.parse({
    family: 'gemma3',
    hiddenSize: 16,
    layers: 5,
    heads: 4,
    kvHeads: 2,
    intermediateSize: 16,
    initializerRange: 0.3,
    window: 3,
    matformer: { granularities: 2 },
  }),
  { vocabularySize: 29, contextLength: CONTEXT },
);

const prompt = [3, 1, 4, 1, 5, 9, 2, 6];

const requestOf = (parameters: object, more: Partial<GenerationRequest> = {}): GenerationRequest => ({
  prompt,
  parameters: generationParameters.parse({ temperature: 0, maximumTokens: 20, ...parameters }),
  ...more,
});

/** Excludes what a draft that knows nothing of it would say. */
const everyOther = (logits: Float32Array, { output }: { output: readonly number[] }) => {
  for (const id of logits.keys()) if (id % 2 === output.length % 2) logits[id] = -Infinity;
};

const requests: Record<string, GenerationRequest> = {
  'most likely tokens': requestOf({}),
  'drawn tokens': requestOf({ temperature: 1.1, topP: 0.9, seed: 3 }),
  penalties: requestOf({ repetitionPenalty: 1.4, frequencyPenalty: 0.5, presencePenalty: 0.2, minimumTokens: 6 }),
  constraints: requestOf({ temperature: 0.7 }, { constraints: [everyOther] }),
  'end tokens': requestOf({ temperature: 1 }, { endTokens: [1, 2, 3, 4, 5, 6, 7] }),
  'one token': requestOf({ maximumTokens: 1 }),
  'a full context': requestOf({ maximumTokens: 1000 }),
  'log-probabilities of the prompt': requestOf({}, { promptLogProbabilities: true }),
};

async function eventsOf(
  model: EngineModel,
  request: GenerationRequest,
  options: EngineOptions = {},
): Promise<GenerationEvent[]> {
  const engine = new Engine(model, options);
  const told: GenerationEvent[] = [];
  for await (const event of engine.generate(request)) told.push(event);
  engine.check();
  expect(engine.state().memory.held).toBe(0);
  expect(engine.state().drafts.memory?.held ?? 0).toBe(0);
  await engine.dispose();
  return told;
}

const tokensOf = (events: readonly GenerationEvent[]) =>
  events.flatMap((event) => (event.kind === 'token' ? [event.id] : []));

const endOf = (events: readonly GenerationEvent[]) => {
  const last = events.at(-1);
  if (last?.kind !== 'end') throw new Error('the text has no end');
  return last;
};

describe('drafts', () => {
  let parameters: ParameterTensors;
  let nested: EngineModel;
  beforeAll(async () => {
    await useBackend(resolveBackend('auto'));
    const weights = initialWeights(config, 4);
    parameters = tensorsOf(weights);
    const half = extractNested(config, weights, [1, 1, 1, 1, 1]);
    nested = { config: half.config, parameters: tensorsOf(half.weights) };
  });

  const drafters: Record<string, () => DraftOptions['by']> = {
    'the model itself': () => ({ config, parameters }),
    'a model within it': () => nested,
    'the text so far': () => 'prompt-lookup',
    'a model with a shorter context': () => ({ config: { ...config, contextLength: 16 }, parameters }),
  };
  const cases = Object.keys(drafters).flatMap((by) => Object.keys(requests).map((name) => [by, name] as const));

  test.each(cases)('by %s leave a text as it is, with %s', async (by, name) => {
    const model = { config, parameters };
    const request = requests[name]!;
    const alone = await eventsOf(model, request);
    for (const tokens of [1, 3, 8]) {
      const drafted = await eventsOf(model, request, { drafts: { by: drafters[by]!(), tokens, confidence: 0 } });
      expect(tokensOf(drafted)).toEqual(tokensOf(alone));
      expect(endOf(drafted).reason).toBe(endOf(alone).reason);
    }
  });

  test('by the model itself are all kept, but for those behind the end', async () => {
    const model = { config, parameters };
    for (const temperature of [0, 1]) {
      const events = await eventsOf(model, requestOf({ temperature }), {
        drafts: { by: model, tokens: 4, confidence: 0 },
      });
      // One token by the prompt's pass, 5 by each of three passes, and the last 4 by drafts of 3.
      expect(endOf(events).drafts).toEqual({ drafted: 15, accepted: 15 });
    }
  });

  test('end where the draft model is not sure enough', async () => {
    const model = { config, parameters };
    const drafted: number[] = [];
    for (const confidence of [0, 0.2, 0.4, 1]) {
      const events = await eventsOf(model, requestOf({}), { drafts: { by: model, confidence } });
      drafted.push(endOf(events).drafts.drafted);
    }
    expect(drafted).toEqual(drafted.toSorted((a, b) => b - a));
    expect(drafted[0]).toBeGreaterThan(0);
    expect(drafted.at(-1)).toBe(0);
  });

  test('are counted for each text, and for the engine', async () => {
    const model = { config, parameters };
    const engine = new Engine(model, { drafts: { by: nested, confidence: 0 } });
    const ends = await Promise.all(
      [undefined, false].map(async (drafts) => {
        for await (const event of engine.generate(requestOf({}, { drafts }))) if (event.kind === 'end') return event;
        return undefined;
      }),
    );
    expect(ends[1]?.drafts).toEqual({ drafted: 0, accepted: 0 });
    expect(ends[0]?.drafts.drafted).toBeGreaterThan(0);
    expect(engine.state().drafts).toMatchObject(ends[0]!.drafts);
    await engine.dispose();
  });

  test('do not begin before samples have forked the prompt, of which one token is left for a pass of its own', async () => {
    const model = { config, parameters };
    const drafts = { by: model, tokens: 2, confidence: 0 };
    const request = requestOf({ temperature: 1.2, seed: 3, maximumTokens: 6 });
    const engine = new Engine(model, { passTokens: prompt.length - 1, drafts });
    const told = await Promise.all(
      engine.samples(request, 3).map(async (sample) => {
        const events: GenerationEvent[] = [];
        for await (const event of sample) events.push(event);
        return events;
      }),
    );
    await engine.dispose();
    for (const [sample, events] of told.entries()) {
      expect(tokensOf(events)).toEqual(tokensOf(await eventsOf(model, { ...request, sample })));
    }
  });

  test('give memory back at once when nobody reads any more', async () => {
    const tensors = tf.memory().numTensors;
    const engine = new Engine({ config, parameters }, { drafts: { by: nested, tokens: 3, confidence: 0 } });
    let tokens = 0;
    for await (const { kind } of engine.generate(requestOf({}))) if (kind === 'token' && ++tokens === 3) break;
    expect(engine.state()).toMatchObject({ running: 0, memory: { held: 0 }, drafts: { memory: { held: 0 } } });
    engine.check();
    await engine.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('of a model with other tokens are refused, and leave nothing', () => {
    const tensors = tf.memory().numTensors;
    const other = { config: { ...config, vocabularySize: 30 }, parameters };
    expect(() => new Engine({ config, parameters }, { drafts: { by: other } })).toThrow('a vocabulary of 29');
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
