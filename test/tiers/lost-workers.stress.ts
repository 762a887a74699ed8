/**
 * @file Workers of the attention tier that are killed, and stopped, at random moments, while texts of all kinds are asked for and left: each text is that
 * of one process to the bit, or ends with an error that says so; nothing is held afterwards, no tensor and no process is left.
 *
 * TIERS_SECONDS: how long each family is under fire, 10 by default. TIERS_SEED: of the random numbers, which times are none of.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import {
  AttentionWorkers,
  Engine,
  type EngineModel,
  type EngineOptions,
  generationParameters,
} from '@arrowsmith/generation';
import { decoderConfig, initialWeights, modelParameters } from '@arrowsmith/model';
import { runnable, storeWeights } from '@arrowsmith/quantization/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomOfCase } from '../fuzz/random.ts';

const SECONDS = Number(process.env['TIERS_SECONDS'] ?? 10);
const SEED = Number(process.env['TIERS_SEED'] ?? 1);

/** Milliseconds between two strikes, at most: a worker takes about a second to start, so that some are hit as they do. */
const MOST_BETWEEN = 3_000;

/** Different requests; each is asked for again and again. */
const REQUESTS = 24;

/** Texts that are asked for at once. */
const READERS = 10;

function modelOf(family: string): EngineModel {
  const sizes = { hiddenSize: 32, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 48, initializerRange: 0.3 };
  const config = decoderConfig(modelParameters.parse({ family, ...sizes, window: 7, chunk: 8 }), {
    vocabularySize: 61,
    contextLength: 64,
  });
  return { config, parameters: runnable(config, storeWeights(initialWeights(config, 3))) };
}

function requestOf(i: number) {
  const random = randomOfCase('request', 1, i);
  return {
    prompt: Array.from({ length: 1 + random(40) }, (_, j) => (j < 12 ? (7 * j + (i % 3)) % 61 : random(61))),
    parameters: generationParameters.parse({
      temperature: i % 3 === 0 ? 0 : 1.1,
      seed: i,
      maximumTokens: 1 + random(20),
    }),
    logProbabilities: 1,
  };
}

/** @param upTo tokens, after which the reader leaves */
async function write(engine: Engine, i: number, upTo = Infinity): Promise<number[]> {
  const told: number[] = [];
  for await (const event of engine.generate(requestOf(i))) {
    if (event.kind !== 'token') continue;
    told.push(event.id, event.logProbabilities?.logProbability ?? NaN);
    if (told.length >= 2 * upTo) break;
  }
  return told;
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.runIf(resolveBackend('auto') === 'native')('workers that are lost at random moments', () => {
  beforeAll(() => useBackend('native'));

  const loads: [string, EngineOptions][] = [
    ['llama4', { cache: 'heterogeneous', blockSize: 4, sequences: 6 }],
    ['gemma3n', { cache: 'paged', cachePrecision: 'int8', blockSize: 3, contexts: 2, preemption: 'swap' }],
    ['qwen3-moe', { cache: 'contiguous', contexts: 3, passTokens: 17, drafts: { by: 'prompt-lookup' } }],
  ];

  test.each(loads)('%s: %o', async (family, options) => {
    const model = modelOf(family);
    const alone: number[][] = [];
    const single = new Engine(model, { cachePrecision: options.cachePrecision });
    for (let i = 0; i < REQUESTS; i++) alone.push(await write(single, i));
    await single.dispose();

    const tensors = tf.memory().numTensors;
    const seen = new Set<number>();
    const counts = { texts: 0, left: 0, failed: 0, strikes: 0 };
    const workers = new AttentionWorkers({ count: 3, threads: 1, timeoutSeconds: 4 });
    const engine = new Engine(model, { ...options, attention: workers });
    const end = performance.now() + 1000 * SECONDS;
    const isOver = () => performance.now() > end;

    const strike = async () => {
      const random = randomOfCase('strikes', SEED, 0);
      while (!isOver()) {
        await wait(random(MOST_BETWEEN));
        for (const { pid } of workers.state()) if (pid !== undefined) seen.add(pid);
        const { pid } = workers.state()[random(workers.count)] ?? {};
        if (pid === undefined) continue;
        process.kill(pid, random(6) === 0 ? 'SIGSTOP' : 'SIGKILL');
        counts.strikes++;
      }
    };
    const read = async (reader: number) => {
      const random = randomOfCase('reader', SEED, reader);
      while (!isOver()) {
        const i = random(REQUESTS);
        const upTo = random(5) === 0 ? 1 + random(4) : Infinity;
        try {
          const text = await write(engine, i, upTo);
          expect(text).toEqual(alone[i]!.slice(0, 2 * upTo));
          counts[upTo === Infinity ? 'texts' : 'left']++;
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          counts.failed++;
        }
      }
    };
    await Promise.all([strike(), ...Array.from({ length: READERS }, (_, reader) => read(reader))]);

    engine.check();
    expect(engine.state()).toMatchObject({ running: 0, waiting: 0, memory: { held: 0 } });
    for (const { pid } of workers.state()) if (pid !== undefined) seen.add(pid);
    const { losses } = workers.state().reduce((sum, each) => ({ ...each, losses: sum.losses + each.losses }));
    await engine.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    expect([...seen].filter(isRunning)).toEqual([]);
    console.log(`${family}: ${JSON.stringify({ ...counts, losses })}`);
    expect(counts.texts).toBeGreaterThan(counts.failed);
    expect(losses).toBeGreaterThan(0);
  });
});
