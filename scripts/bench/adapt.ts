/** @file Benchmark: a step of training adapters beside a model as it is stored, against one of training all of it: time, and memory of tensors and kernels. */
import { releaseMemory } from '@arrowsmith/backend';
import { resolveEngine, useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import {
  adapterConfig,
  adaptParameters,
  decoderConfig,
  initialAdapters,
  initialWeights,
  modelParameters,
  tensorsOf,
  type DecoderConfig,
  type Parameters,
  type ParameterTensors,
  type Weights,
} from '@arrowsmith/model';
import { disposeWeight, globalNorm } from '@arrowsmith/ops';
import { isQuantizable, storeAs, storeFloat32 } from '@arrowsmith/quantization';
import { frozenParameters } from '@arrowsmith/quantization/model';
import {
  batchGradients,
  estimateMemory,
  initialState,
  type OptimizerState,
  type TrainingMemory,
  type TrainingMemoryOptions,
  trainingParameters,
  updateParameters,
} from '@arrowsmith/training';
import * as tf from '@tensorflow/tfjs-core';
import * as z from 'zod';
import { writeBenchTable } from './bench-table.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';

export const description =
  'training adapters (LoRA, and QLoRA on a model in fewer bits) against training the whole: time of a step, memory';

export const options = z.strictObject({
  hiddenSize: z.coerce.number().int().min(32).default(512),
  layers: z.coerce.number().int().min(1).default(8),
  vocabularySize: z.coerce.number().int().min(64).default(8192),
  contextLength: z.coerce.number().int().min(8).default(256),
  batchSize: z.coerce.number().int().min(1).default(8),
  rank: z.coerce.number().int().min(1).default(8),
  formats: z.string().default('f32,bf16,Q4_K').describe('of the model beside which adapters learn'),
  steps: z.coerce.number().int().min(1).default(5).describe('of each, in turns; the first one is not counted'),
  precision: z.enum(['f32', 'bf16']).default('f32'),
  threads: threadsOption,
});

/** What a step changes, and how the model is made of it. */
interface Training {
  name: string;
  state: OptimizerState;
  bind: (tensors: ParameterTensors) => Parameters;
  /** What does not learn. */
  frozen: Parameters;
  adapt?: TrainingMemoryOptions['adapt'];
}

const whole = (weights: Weights): Training => ({
  name: 'the whole',
  state: initialState(tensorsOf(weights)),
  bind: (tensors) => tensors,
  frozen: {},
});

function adapting(config: DecoderConfig, weights: Weights, rank: number, format: string): Training {
  const adapters = adapterConfig(config, { rank, alpha: 2 * rank, projections: 'all' }, 'bench');
  const stored = new Map(
    Object.entries(weights).map(([name, tensor]) => [
      name,
      isQuantizable(tensor.shape) ? storeAs(format, tensor, name) : storeFloat32(tensor),
    ]),
  );
  const sizes = [...stored].map(([name, { shape, format: of, bytes }]) => ({
    name,
    shape,
    format: of,
    bytes: bytes.length,
  }));
  const frozen = frozenParameters({
    config,
    names: [...stored.keys()],
    sizes,
    read(name) {
      const tensor = stored.get(name);
      if (tensor === undefined) throw new Error(`no weight ${name}`);
      return tensor;
    },
  });
  return {
    name: `adapters, ${format}`,
    state: initialState(tensorsOf(initialAdapters(config, adapters, 1))),
    bind: (tensors) => adaptParameters(config, adapters, frozen, tensors),
    frozen,
    adapt: { adapters, stored: sizes },
  };
}

function dispose({ state, frozen }: Training): void {
  tf.dispose(state);
  Object.values(frozen).forEach(disposeWeight);
  releaseMemory();
}

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { hiddenSize, layers, vocabularySize, contextLength, batchSize, rank, formats, steps, precision, threads } =
    parseOptions(args, options);
  if (resolveEngine({}).backend !== 'native')
    throw new UserError({ what: 'this measures the backend native', fix: 'npm run doctor says what it lacks here' });
  await useBackend('native', { precision, threads });
  const config = decoderConfig(modelParameters.parse({ hiddenSize, layers }), { vocabularySize, contextLength });
  const weights = initialWeights(config, 1);
  const ids = Int32Array.from({ length: batchSize * contextLength }, (_, i) => (i * 7919) % vocabularySize);
  let count = 0;
  const step = async ({ state, bind }: Training): Promise<number> => {
    const start = performance.now();
    const batch = { inputs: ids, targets: ids };
    const { gradients } = await batchGradients({
      config,
      parameters: state.parameters,
      bind,
      batch,
      rows: batchSize,
      microBatches: 1,
    });
    const norm = globalNorm(Object.values(gradients));
    await norm.data();
    updateParameters(state, gradients, parameters.optimizer, { learningRate: 1e-4, gradientScale: 1, step: ++count });
    tf.dispose([gradients, norm]);
    await Object.values(state.parameters)[0]?.data();
    return (performance.now() - start) / 1000;
  };
  const trainings = [whole(weights), ...formats.split(',').map((format) => adapting(config, weights, rank, format))];
  const parameters = trainingParameters.parse({ steps: 1, batchSize });
  const memory: TrainingMemory[] = [];
  for (const { adapt } of trainings) memory.push(await estimateMemory({ config, parameters, adapt, before: 0 }));
  const times = trainings.map((): number[] => []);
  for (let turn = 0; turn <= steps; turn++) {
    for (const [i, training] of trainings.entries()) {
      const seconds = await step(training);
      if (turn > 0) times[i]?.push(seconds);
    }
  }
  const megabytes = (bytes: number | undefined) => (bytes ?? NaN) / 1e6;
  const rows = trainings.map(({ name }, i) => {
    const { parameters: weightBytes, optimizer, gradients, activations, scratch } = memory[i] ?? {};
    return {
      name,
      seconds: median(times[i] ?? []),
      speedup: median((times[i] ?? []).map((seconds, turn) => (times[0]?.[turn] ?? NaN) / seconds)),
      weights: megabytes(weightBytes),
      optimizer: megabytes(optimizer),
      gradients: megabytes(gradients),
      activations: megabytes(activations),
      kernels: megabytes(scratch),
    };
  });
  trainings.forEach(dispose);
  printTable(
    ['what learns', 's a step', 'faster', 'weights MB', 'optimizer', 'gradients', 'activations', 'kernels', 'together'],
    rows.map(({ name, seconds, speedup, ...parts }) => [
      name,
      fixed(seconds, 3),
      `${fixed(speedup, 2)}×`,
      ...Object.values(parts).map((part) => fixed(part, 1)),
      fixed(
        Object.values(parts).reduce((sum, part) => sum + part, 0),
        0,
      ),
    ]),
  );
  await writeBenchTable('adapt', rows, { hiddenSize, layers, batchSize, rank, precision, threads });
  const best = Math.max(...rows.slice(1).map(({ speedup }) => speedup));
  return { unit: 'times as fast as training the whole', ours: best, peer: 1, ratio: best, runs: rows };
}
