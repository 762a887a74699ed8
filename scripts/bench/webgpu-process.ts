/**
 * @file Measurements of the benchmark `webgpu`, in a process of its own since a process has one device: `node --import tsx webgpu-process.ts
 * <what as JSON>`. The last line printed is JSON.
 */
import { pathToFileURL } from 'node:url';
import type { WebGpuBackend } from '@arrowsmith/backend-webgpu';
import { useBackend } from '@arrowsmith/engine';
import { Engine, generationParameters } from '@arrowsmith/generation';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import { attention, linear } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type BenchModel, flopPerToken, tokensPerStep } from './models.ts';
import { median } from './statistics.ts';
import { trainSession } from './train-session.ts';

/** What to measure, and on which backend. */
export interface WebGpuCase {
  backend: 'webgpu' | 'native';
  /** What the factors of products are rounded to. */
  precision: 'f32' | 'f16';
  /** Side of the matrices, and positions of the sequence that attention goes over. */
  size: number;
  model: { hiddenSize: number; layers: number; heads: number; intermediateSize: number; contextLength: number };
  batchSize: number;
  turns: number;
  /** Only training steps: of Dawn's null backend, which computes nothing, the rest means nothing. */
  hostOnly: boolean;
}

export interface WebGpuMeasurement {
  /** Seconds of a step on the clock, and of the processor. */
  step: number;
  hostStep: number;
  tokensPerStep: number;
  /** FLOP of a step. */
  stepWork: number;
  /** FLOP/s of square matrices, and of the model's widest layer, for a step's tokens. */
  gemm: number | null;
  layer: number | null;
  attention: number | null;
  /** Bytes/s read and written by a copy. */
  bandwidth: number | null;
  /** Tokens/s of one text, each of which reads the weights once, so many bytes. */
  decode: number | null;
  weightBytes: number;
}

/** The product of a model's widest layer over a step's tokens: [m, k] by [n, k]ᵀ. */
export function layerProduct({ config, batchSize }: BenchModel): { m: number; n: number; k: number } {
  const { intermediateSize } = config.layers[0]!.ffn;
  return { m: tokensPerStep({ config, batchSize }), n: intermediateSize, k: config.hiddenSize };
}

const VOCABULARY = 2048;

export function modelOf({
  model: { contextLength, heads, ...sizes },
  batchSize,
}: Pick<WebGpuCase, 'model' | 'batchSize'>): BenchModel {
  const parameters = modelParameters.parse({ ...sizes, heads, kvHeads: heads });
  return { config: decoderConfig(parameters, { vocabularySize: VOCABULARY, contextLength }), batchSize };
}

/** Median seconds of a computation whose result is waited for, without what waiting itself takes: ten of them less one, by nine. */
async function secondsOf(f: () => tf.Tensor, turns: number): Promise<number> {
  const time = async (count: number): Promise<number> => {
    const begin = performance.now();
    const results = Array.from({ length: count }, () => tf.tidy(f));
    await tf.tidy(() => tf.slice(tf.reshape(results.at(-1)!, [-1]), [0], [1])).data();
    tf.dispose(results);
    return (performance.now() - begin) / 1000;
  };
  await time(1);
  const seconds: number[] = [];
  for (let turn = 0; turn < turns; turn++) seconds.push(((await time(10)) - (await time(1))) / 9);
  return Math.max(1e-9, median(seconds));
}

/** @returns null for f16 on a graphics processor that has no such numbers */
async function measure(what: WebGpuCase): Promise<WebGpuMeasurement | null> {
  if (what.precision === 'f16') {
    await useBackend('webgpu');
    if (!(tf.backend() as WebGpuBackend).hasHalf) return null;
  }
  await useBackend(what.backend, { precision: what.precision });
  const model = modelOf(what);
  const session = trainSession(model);
  // JavaScript is at its full speed only after a while.
  const warmup = what.hostOnly ? 100 : 3;
  await session.series({ steps: warmup, seconds: 0, leastSteps: warmup });
  const [steps, hostSteps]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < what.turns; turn++) {
    const before = process.cpuUsage();
    steps.push(...(await session.series({ steps: 1, seconds: 0, leastSteps: 1 })));
    const { user, system } = process.cpuUsage(before);
    hostSteps.push((user + system) / 1e6);
  }
  session.dispose();
  const tokens = tokensPerStep(model);
  const ofStep = {
    step: median(steps),
    hostStep: median(hostSteps),
    tokensPerStep: tokens,
    stepWork: tokens * flopPerToken(model.config),
    weightBytes: 4 * Object.values(initialWeights(model.config, 1)).reduce((sum, { data }) => sum + data.length, 0),
  };
  if (what.hostOnly) return { ...ofStep, gemm: null, layer: null, attention: null, bandwidth: null, decode: null };

  const { size, turns } = what;
  const productRate = async ({ m, n, k }: { m: number; n: number; k: number }): Promise<number> => {
    const [x, weight] = [m, n].map((rows) => tf.randomUniform([rows, k], -1, 1, 'float32', 1));
    const rate = (2 * m * n * k) / (await secondsOf(() => linear(x!, weight!), turns));
    tf.dispose([x!, weight!]);
    return rate;
  };
  const gemm = await productRate({ m: size, n: size, k: size });
  const layer = await productRate(layerProduct(model));
  const a = tf.randomUniform([size, size], -1, 1, 'float32', 1);
  const bandwidth = (8 * size ** 2) / (await secondsOf(() => tf.add(a, 1), turns));
  const headDim = model.config.hiddenSize / what.model.heads;
  const [q, k, v] = [1, 2, 3].map((seed) =>
    tf.randomUniform([1, size, what.model.heads, headDim], -1, 1, 'float32', seed),
  );
  const attended = () => attention(q!, k!, v!, { scale: headDim ** -0.5 });
  const attentionWork = 2 * size * (size + 1) * what.model.heads * headDim; // half of the pairs, twice
  const attentionRate = attentionWork / (await secondsOf(attended, turns));

  const parameters = tensorsOf(initialWeights(model.config, 1));
  const engine = new Engine({ config: model.config, parameters }, { sequences: 1, contexts: 1 });
  const length = Math.min(32, model.config.contextLength - 8);
  const request = generationParameters.parse({ temperature: 0, maximumTokens: length });
  const write = async (): Promise<number> => {
    let count = 0;
    const begin = performance.now();
    for await (const event of engine.generate({ prompt: [1, 2, 3, 4], parameters: request })) {
      if (event.kind === 'token') count++;
    }
    return count / ((performance.now() - begin) / 1000);
  };
  await write();
  const decode = await write();
  await engine.dispose();
  return { ...ofStep, gemm, layer, attention: attentionRate, bandwidth, decode };
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]!) as WebGpuCase)));
  process.exit(0); // Dawn may keep the process, with its device
}
