/** @file The law of the two tiers: tokens and log-probabilities are those of one process, to the bit, whatever becomes of the workers. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import { type BackendName, resolveBackend, useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import {
  decoderConfig,
  type DecoderConfig,
  extendContext,
  families,
  initialWeights,
  modelParameters,
  storableParameters,
  tensorsOf,
} from '@arrowsmith/model';
import { storedMatrix } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Engine, type EngineModel, type EngineOptions, type GenerationRequest } from '../engine/index.ts';
import { generationParameters } from '../sampling/index.ts';
import { AttentionWorkers } from './attention-workers.ts';

const CONTEXT = 48;
const sizes = {
  hiddenSize: 32,
  layers: 4,
  heads: 4,
  kvHeads: 2,
  intermediateSize: 48,
  initializerRange: 0.3,
};
const configOf = (family: string) =>
  decoderConfig(modelParameters.parse({ family, ...sizes, window: 7, chunk: 8 }), {
    vocabularySize: 61,
    contextLength: CONTEXT,
  });

/** Stored matrices make a token's bits independent of the batch, where there are kernels for them. */
function modelOf(config: DecoderConfig): EngineModel {
  const weights = initialWeights(config, 3);
  if (tf.getBackend() !== 'native') return { config, parameters: tensorsOf(weights) };
  const storable = storableParameters(config);
  const parameters = Object.entries(weights).map(([name, { shape, data }]) => [
    name,
    storable.has(name) ? storedMatrix('f32', shape, new Uint8Array(data.buffer)) : tf.tensor(data, shape),
  ]);
  return { config, parameters: Object.fromEntries(parameters) as EngineModel['parameters'] };
}

/** Prompts that begin alike, of many lengths. */
function requestsOf(count: number): GenerationRequest[] {
  return Array.from({ length: count }, (_, i) => ({
    prompt: Array.from({ length: 1 + ((5 * i) % 23) }, (__, j) => (j < 8 ? 7 * j + (i % 2) : i * j) % 61),
    parameters: generationParameters.parse({
      temperature: i % 3 === 0 ? 0 : 1.2,
      seed: i,
      maximumTokens: 4 + (i % 4),
    }),
    logProbabilities: 1,
  }));
}

/** Tokens and their log-probabilities. */
async function write(engine: Engine, request: GenerationRequest, onToken = () => {}): Promise<number[]> {
  const told: number[] = [];
  for await (const event of engine.generate(request)) {
    if (event.kind !== 'token') continue;
    told.push(event.id, event.logProbabilities?.logProbability ?? NaN);
    onToken();
  }
  return told;
}

async function textsOf(model: EngineModel, requests: GenerationRequest[], options: EngineOptions) {
  const engine = new Engine(model, options);
  const texts = await Promise.all(requests.map((request) => write(engine, request)));
  await engine.dispose();
  return texts;
}

function expectNothingHeld(engine: Engine): void {
  engine.check();
  expect(engine.state()).toMatchObject({ running: 0, waiting: 0, memory: { held: 0 } });
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const pidsOf = (workers: AttentionWorkers): number[] => workers.state().flatMap(({ pid }) => pid ?? []);

const backend: BackendName = resolveBackend('auto') === 'native' ? 'native' : 'cpu';
/** Keys and values are kept as int8 where there are kernels for that; in families enough of which see in different ways. */
const INT8 = backend === 'native' ? ['llama3', 'gemma3', 'gemma3n'] : [];

let folder: string;
beforeAll(async () => {
  await useBackend(backend);
  folder = mkdtempSync(join(tmpdir(), 'tiers-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('texts of one process', () => {
  const workers = new AttentionWorkers({ count: 2, threads: 1 });
  /** Keeps the workers running from one test to the next. */
  let holder: Engine;
  beforeAll(() => {
    holder = new Engine(modelOf(configOf('llama3')), { attention: workers, contexts: 1 });
  });

  const requests = requestsOf(6);
  const configs: [string, DecoderConfig][] = [
    ...Object.keys(families).map((family): [string, DecoderConfig] => [family, configOf(family)]),
    ['dual chunks', extendContext(configOf('llama3'), { method: 'dual-chunk', factor: 2 })],
  ];
  const cases = configs.flatMap(([name, config]) => {
    const precisions = INT8.includes(name) ? (['f32', 'int8'] as const) : (['f32'] as const);
    return precisions.map((precision) => ({ name, config, precision }));
  });

  test.each(cases)('$name, $precision: the same to the bit in two tiers', async ({ config, precision }) => {
    const model = modelOf(config);
    const tensors = tf.memory().numTensors;
    const options: EngineOptions = {
      cachePrecision: precision,
      blockSize: 4,
      passTokens: 20,
      sequences: 5,
    };
    const alone = await textsOf(model, requests, options);
    const engine = new Engine(model, { ...options, attention: workers, contexts: 2 });
    expect(await Promise.all(requests.map((request) => write(engine, request)))).toEqual(alone);
    expectNothingHeld(engine);
    await engine.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(workers.state().map(({ losses }) => losses)).toEqual([0, 0]);
  });

  test.each(['recompute', 'swap'] as const)('with drafts, samples, and too little memory: %s', async (preemption) => {
    const model = modelOf(configOf('gemma3'));
    const tight: EngineOptions = { blockSize: 4, contexts: 1, preemption, cache: 'paged' };
    const long = Array.from({ length: 5 }, (_, i) => ({
      prompt: [i, 3, 1, 4, 1, 5, 3, 1, 4, 1],
      parameters: generationParameters.parse({ temperature: 1.1, seed: i, maximumTokens: 30 }),
      logProbabilities: 1,
    }));
    const alone = await textsOf(model, long, {});
    const engine = new Engine(model, {
      ...tight,
      attention: workers,
      drafts: { by: 'prompt-lookup' },
    });
    let preemptions = 0;
    const [texts, samples] = await Promise.all([
      Promise.all(long.map((request) => write(engine, request))),
      Promise.all(
        engine.samples({ ...long[0]!, prompt: [5, 6, 7] }, 3).map(async (events) => {
          const ids: number[] = [];
          for await (const event of events) {
            if (event.kind === 'token') ids.push(event.id);
            if (event.kind === 'end') preemptions += event.preemptions;
          }
          return ids;
        }),
      ),
    ]);
    expect(texts).toEqual(alone);
    expect(preemptions).toBeGreaterThan(0);
    for (const [sample, ids] of samples.entries()) {
      const [text] = await textsOf(model, [{ ...long[0]!, prompt: [5, 6, 7], sample }], {});
      expect(ids).toEqual(text!.filter((_, i) => i % 2 === 0));
    }
    expectNothingHeld(engine);
    await engine.dispose();
  });

  test('a reader that leaves, and a request that is refused, leave nothing behind', async () => {
    const engine = new Engine(modelOf(configOf('llama3')), { attention: workers });
    for await (const { kind } of engine.generate(requests[3]!)) if (kind === 'token') break;
    await expect(write(engine, { ...requests[0]!, prompt: [99] })).rejects.toThrow(UserError);
    expectNothingHeld(engine);
    await engine.dispose();
  });

  test('keys and values of int8 are refused where one process refuses them', () => {
    const dual = extendContext(configOf('llama3'), { method: 'dual-chunk', factor: 2 });
    const create = () => new Engine(modelOf(dual), { attention: workers, cachePrecision: 'int8' });
    expect(create).toThrow(UserError);
  });

  test('workers end with the last engine', async () => {
    const pids = pidsOf(workers);
    expect(pids.map(isRunning)).toEqual([true, true]);
    await holder.dispose();
    expect(pids.filter(isRunning)).toEqual([]);
  });
});

describe('workers that are lost', () => {
  const requests = requestsOf(8);
  let model: EngineModel;
  let alone: number[][];
  beforeAll(async () => {
    model = modelOf(configOf('gemma3n'));
    alone = await textsOf(model, requests, {});
  });

  test('by SIGKILL, or as they hang: they are ended, and their texts are computed anew', async () => {
    const notices: string[] = [];
    const onNotice = (line: string) => notices.push(line);
    const workers = new AttentionWorkers({ count: 2, threads: 1, timeoutSeconds: 3, onNotice });
    const engine = new Engine(model, { attention: workers, sequences: 6, blockSize: 4 });
    let tokens = 0;
    const onToken = () => {
      tokens++;
      if (tokens === 3) process.kill(workers.state()[0]!.pid!, 'SIGKILL');
      if (tokens === 17) process.kill(workers.state()[1]!.pid!, 'SIGSTOP');
    };
    expect(await Promise.all(requests.map((request) => write(engine, request, onToken)))).toEqual(alone);
    expectNothingHeld(engine);
    const told = notices.join('\n');
    expect(told).toMatch(/^attention worker 0 is lost: it was ended by SIGKILL/m);
    expect(told).toMatch(/^attention worker 1 is lost: it said nothing for 3 s/m);
    const pids = pidsOf(workers);
    await engine.dispose();
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test('as they say what is no message: they are ended, and started again', async () => {
    vi.stubEnv('ARROWSMITH_TEST_MARKER', join(folder, 'marker'));
    const notices: string[] = [];
    const module = new URL('./testing/nonsense-at-first.ts', import.meta.url);
    const onNotice = (line: string) => notices.push(line);
    const workers = new AttentionWorkers({ count: 1, threads: 1, module, onNotice });
    const engine = new Engine(model, { attention: workers });
    expect(await write(engine, requests[1]!)).toEqual(alone[1]);
    expect(notices).toEqual([expect.stringContaining('says is no message')]);
    await engine.dispose();
    vi.unstubAllEnvs();
  });

  test('before they are of any use: requests fail, and say why; the next one has them started again', async () => {
    const file = join(folder, 'ends.mjs');
    writeFileSync(file, `console.error('there is no memory'); process.exit(3);`);
    const workers = new AttentionWorkers({ count: 2, module: pathToFileURL(file) });
    const engine = new Engine(model, { attention: workers });
    for (const time of [1, 2]) {
      const texts = requests.slice(0, 3).map((request) => write(engine, request));
      for (const text of texts) {
        await expect(text).rejects.toThrow(UserError);
        await expect(text).rejects.toThrow('it ended with code 3; it said: there is no memory');
      }
      expect(workers.state().every(({ losses }) => losses >= 2 * time)).toBe(true);
      expectNothingHeld(engine);
    }
    await engine.dispose();
  });

  test('none are left when the process that started them is killed', async () => {
    const script = fileURLToPath(new URL('./testing/engine-that-waits.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pids = await new Promise<number[]>((resolve, reject) => {
      child.stdout.once('data', (line: Buffer) => resolve(JSON.parse(line.toString().split('\n')[0]!) as number[]));
      child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
    });
    expect(pids.map(isRunning)).toEqual([true]);
    child.kill('SIGKILL');
    for (let i = 0; i < 200 && pids.some(isRunning); i++) await wait(50);
    expect(pids.filter(isRunning)).toEqual([]);
  });
});

test('there is to be at least one worker, and not a thousand', () => {
  for (const count of [0, -1, 1.5, NaN, 1000]) expect(() => new AttentionWorkers({ count })).toThrow(UserError);
});
