/** @file Benchmark: a training step (forward, backward, clipping, AdamW), compared with PyTorch where it is installed. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { UserError } from '@arrowsmith/errors';
import {
  countParameters,
  decoderConfig,
  initialWeights,
  loss,
  modelParameters,
  tensorsOf,
  type DecoderConfig,
} from '@arrowsmith/model';
import { adamW, clipByGlobalNorm, resolveBackend, useBackend, type AdamWState } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';

interface Benchmark {
  config: DecoderConfig;
  batchSize: number;
}

const benchmarks: Record<string, Benchmark> = {
  '1M': {
    config: decoderConfig(
      modelParameters.parse({ hiddenSize: 128, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 384 }),
      { vocabularySize: 2048, contextLength: 128 },
    ),
    batchSize: 8,
  },
  '7M': {
    config: decoderConfig(
      modelParameters.parse({ hiddenSize: 288, layers: 6, heads: 6, kvHeads: 6, intermediateSize: 768 }),
      { vocabularySize: 4096, contextLength: 256 },
    ),
    batchSize: 16,
  },
};

export const description = 'training step, tokens/s and GFLOP/s, against PyTorch: [--model=1M|7M] [--steps=5]';

/** Times `--model` for `--steps` steps after one to warm up. The peer is torch of the Python that PYTHON names. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { values } = parseArgs({
    args,
    options: { model: { type: 'string', default: '1M' }, steps: { type: 'string', default: '5' } },
  });
  const benchmark = benchmarks[values.model];
  const steps = Number(values.steps);
  if (benchmark === undefined || !Number.isInteger(steps) || steps < 1) {
    throw new UserError({
      what: 'the benchmark’s arguments are not valid',
      expected: `--model=${Object.keys(benchmarks).join('|')} and --steps=<whole number from 1>`,
      found: args.join(' '),
    });
  }
  const backend = resolveBackend();
  await useBackend(backend);
  const tokens = benchmark.batchSize * benchmark.config.contextLength;
  const ours = { name: `tfjs ${backend}`, tokensPerSecond: tokens / secondsPerStep(benchmark, steps) };
  const peer = await torchTokensPerSecond(benchmark, steps);

  const parameters = countParameters(benchmark.config);
  console.log(`${(parameters / 1e6).toFixed(2)} M parameters, ${tokens} tokens a step, fastest of ${steps} steps`);
  for (const { name, tokensPerSecond } of peer === undefined ? [ours] : [ours, peer]) {
    const gflops = (tokensPerSecond * flopPerToken(benchmark.config)) / 1e9;
    console.log(
      `  ${name.padEnd(40)} ${tokensPerSecond.toFixed(0).padStart(7)} tokens/s ${gflops.toFixed(1).padStart(7)} GFLOP/s`,
    );
  }
  if (peer === undefined) console.log('  no torch to compare with: set PYTHON to a Python that has it');
  return {
    model: values.model,
    parameters,
    unit: 'tokens/s',
    ours: ours.tokensPerSecond,
    peer: peer?.tokensPerSecond ?? null,
    ratio: peer === undefined ? null : ours.tokensPerSecond / peer.tokensPerSecond,
    flopPerToken: flopPerToken(benchmark.config),
    oursName: ours.name,
    peerName: peer?.name ?? null,
  };
}

/** Work of the model, forward and backward: 6 per weight (Kaplan et al. 2020), and causal attention's products. */
function flopPerToken(config: DecoderConfig): number {
  const { layers, heads, headDim, contextLength } = config;
  return 6 * countParameters(config) + 6 * layers * heads * headDim * contextLength;
}

/** The fastest of some steps: other load on the machine only ever adds time. */
function secondsPerStep({ config, batchSize }: Benchmark, steps: number): number {
  const shape: [number, number] = [batchSize, config.contextLength];
  const ids = Int32Array.from(
    { length: shape[0] * shape[1] + 1 },
    (_, i) => (i * 7919 + i * i * 31) % config.vocabularySize,
  );
  const [inputs, targets] = [tf.tensor2d(ids.slice(0, -1), shape, 'int32'), tf.tensor2d(ids.slice(1), shape, 'int32')];
  const parameters = tensorsOf(initialWeights(config, 1));
  const names = Object.keys(parameters);
  let states: AdamWState[] = names.map((name) => {
    const parameter = parameters[name]!;
    return { parameter, firstMoment: tf.zerosLike(parameter), secondMoment: tf.zerosLike(parameter) };
  });
  const lossOf = (...tensors: tf.Tensor[]) =>
    loss(config, Object.fromEntries(names.map((name, i) => [name, tensors[i]!])), inputs, targets) as tf.Scalar;

  let fastest = Infinity;
  for (let step = 1; step <= steps + 1; step++) {
    const start = performance.now();
    const updated = tf.tidy(() => {
      const { grads } = tf.valueAndGrads(lossOf)(states.map(({ parameter }) => parameter));
      const { clipped } = clipByGlobalNorm(grads, 1);
      const options = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, step };
      return states.map((state, i) => adamW(state, clipped[i]!, options));
    });
    updated[0]!.parameter.dataSync(); // waits for backends that work ahead
    tf.dispose(states);
    states = updated;
    if (step > 1) fastest = Math.min(fastest, (performance.now() - start) / 1000);
  }
  tf.dispose([states, inputs, targets]);
  return fastest;
}

async function torchTokensPerSecond(
  { config, batchSize }: Benchmark,
  steps: number,
): Promise<{ name: string; tokensPerSecond: number } | undefined> {
  const script = fileURLToPath(new URL('train-step-torch.py', import.meta.url));
  const python = process.env['PYTHON'] || 'python3';
  const hasTorch = await promisify(execFile)(python, ['-c', 'import torch']).then(
    () => true,
    () => false,
  );
  if (!hasTorch) return undefined;
  const { stdout } = await promisify(execFile)(python, [script, JSON.stringify({ ...config, batchSize, steps })]);
  return JSON.parse(stdout) as { name: string; tokensPerSecond: number };
}
