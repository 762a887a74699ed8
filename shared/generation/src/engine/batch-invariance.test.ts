/**
 * @file The law of the engine: a text's tokens and log-probabilities are the same bits alone and in any batch, with any cache, whatever pieces its prompt
 * comes in, after preemption, with and without shared prefixes and drafts, on any number of threads; with keys and values of one precision. On the
 * backend `native`, whose kernels for stored matrices promise it. The accounts of the memory are checked between any two passes.
 */
import { setImmediate } from 'node:timers/promises';
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import type { KvPrecision } from '@arrowsmith/model';
import { kvBytes } from '@arrowsmith/model/kv-precision';
import * as tf from '@tensorflow/tfjs-core';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generationParameters } from '../sampling/index.ts';
import { Engine } from './engine.ts';
import type { EngineOptions } from './engine-options.ts';
import { CONTEXT, storedModel, write } from './testing/stored-model.ts';

/** How many random loads each family gets; more of them by ENGINE_LOADS, as npm run test:schedules has. */
const LOADS = Number(process.env['ENGINE_LOADS'] ?? 4);

const randomRequest = fc.record({
  prompt: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 30 }),
  /** Begins as others do. */
  shared: fc.integer({ min: 0, max: 24 }),
  seed: fc.integer({ min: 0, max: 5 }),
  tokens: fc.integer({ min: 1, max: 16 }),
  temperature: fc.constantFrom(0, 1.2),
  /** Passes before it comes, and tokens after which its reader leaves. */
  after: fc.integer({ min: 0, max: 12 }),
  leavesAfter: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined, freq: 4 }),
  salt: fc.constantFrom('', 'other'),
  samples: fc.constantFrom(1, 1, 2, 4),
  drafts: fc.boolean(),
});

const options = fc.record({
  threads: fc.constantFrom(1, 2, 3),
  cache: fc.constantFrom<EngineOptions['cache']>('contiguous', 'paged', 'heterogeneous'),
  cachePrecision: fc.constantFrom<KvPrecision>('f32', 'int8'),
  blockSize: fc.constantFrom(1, 3, 4, 16),
  /** Few make prompts come in many pieces, many leave room for drafts. */
  passTokens: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 400 }), fc.constant(undefined)),
  sequences: fc.integer({ min: 1, max: 8 }),
  preemption: fc.constantFrom<EngineOptions['preemption']>('recompute', 'swap'),
  contexts: fc.double({ min: 1.6, max: 4, noNaN: true }),
  drafts: fc.option(
    fc.record({
      by: fc.constantFrom('prompt-lookup', 'itself', 'another'),
      tokens: fc.integer({ min: 1, max: 6 }),
      confidence: fc.constantFrom(0, 0, 0.2),
      contexts: fc.double({ min: 1.6, max: 4, noNaN: true }),
    }),
    { nil: undefined, freq: 4 },
  ),
});

/** Checks the accounts of the memory between any two passes, until there is a result. */
async function checkingUntil<T>(result: Promise<T>, engine: Engine): Promise<T> {
  const ended = new AbortController();
  result.catch(() => undefined).finally(() => ended.abort());
  while (!ended.signal.aborted) {
    engine.check();
    await setImmediate(); // as the engine waits before each pass
  }
  engine.check();
  return result;
}

const SHARED = Array.from({ length: 24 }, (_, i) => (7 * i) % 61);

describe.runIf(resolveBackend('auto') === 'native')('on native', () => {
  beforeAll(() => useBackend('native'));
  afterAll(() => useBackend('native'));
  /** Of all families. */
  const counts = { drafted: 0, accepted: 0 };

  test.each([
    ['llama3', 'f32'],
    ['llama3', 'int8'],
    ['llama3', 'int8 by int8'],
    ['llama4', 'bf16'],
    ['qwen3-moe', 'f32'],
    ['qwen3-moe', 'int8 by int8'],
    ['command-a', 'int8'],
    ['gemma2', 'f32'],
    ['gemma3', 'bf16'],
    ['gemma3n', 'f32'],
  ] as const)('%s in %s: the same bits alone and among others', async (family, format) => {
    const model = storedModel(family, format);
    // Its guesses are good, and not always right.
    const another = storedModel(family, format === 'int8' ? 'f32' : 'int8');
    const alone = new Map<string, number[]>();
    const tensors = tf.memory().numTensors;
    await fc.assert(
      fc.asyncProperty(options, fc.array(randomRequest, { minLength: 2, maxLength: 9 }), async (own, loads) => {
        const { contexts, drafts, threads, ...rest } = own;
        const { cachePrecision } = own;
        await useBackend('native', { threads });
        const bytesOf = (count: number) => count * kvBytes(model.config, cachePrecision)(CONTEXT * 2 * 4 * 2 * 8);
        const engine = new Engine(model, {
          ...rest,
          cacheBytes: bytesOf(contexts),
          drafts: drafts && {
            by: drafts.by === 'prompt-lookup' ? drafts.by : drafts.by === 'itself' ? model : another,
            tokens: drafts.tokens,
            confidence: drafts.confidence,
            cacheBytes: bytesOf(drafts.contexts),
          },
        });
        const texts = loads.flatMap(({ prompt, shared, seed, tokens, temperature, salt, ...load }) => {
          const request = {
            prompt: [...SHARED.slice(0, shared), ...prompt].slice(0, CONTEXT - 1),
            parameters: generationParameters.parse({ seed, maximumTokens: tokens, temperature }),
            logProbabilities: 0,
            salt,
          };
          return engine.samples({ ...request, drafts: load.drafts }, load.samples).map(async (events, sample) => {
            for (let turn = 0; turn < load.after; turn++) await setImmediate();
            const text = await write(events, sample === 0 ? load.leavesAfter : undefined);
            return { request: { ...request, sample }, text };
          });
        });
        const written = await checkingUntil(Promise.all(texts), engine);
        const state = engine.state();
        expect(state.memory.held).toBe(0);
        expect(state.drafts.memory?.held ?? 0).toBe(0);
        counts.drafted += state.drafts.drafted;
        counts.accepted += state.drafts.accepted;
        await engine.dispose();
        for (const { request, text } of written) {
          const key = JSON.stringify([cachePrecision, request]);
          if (!alone.has(key)) {
            const single = new Engine(model, { cache: 'contiguous', cachePrecision, sequences: 1 });
            alone.set(key, await write(single.generate(request)));
            await single.dispose();
          }
          expect(text).toEqual(alone.get(key)!.slice(0, text.length));
        }
      }),
      { numRuns: LOADS, seed: 7 },
    );
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('drafts were right, and wrong', () => {
    expect(counts.accepted).toBeGreaterThan(0);
    expect(counts.drafted).toBeGreaterThan(counts.accepted);
  });
});
