/** @file How much memory a training run takes, told before it starts. */
import {
  adapterShapes,
  adaptParameters,
  countAdapterParameters,
  countParameters,
  freezeParameters,
  parameterShapes,
  storableParameters,
  type AdapterConfig,
  type DecoderConfig,
  type Parameters,
  type ParameterTensors,
} from '@arrowsmith/model';
import { activeGraphics, dryRun, lastingZeros } from '@arrowsmith/backend';
import { globalNorm } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch, TokenRows } from './data.ts';
import { splitLoss } from './evaluate.ts';
import { batchGradients } from './gradients.ts';
import { checkParameterSizes } from './graphics-memory.ts';
import { initialState, muonNames, updateParameters } from './optimizer.ts';
import type { TrainingParameters } from './parameters.ts';
import { withNearest } from './quantization-aware.ts';

/**
 * The most that the process takes of the machine's memory at once, in bytes: its resident set. On the backend `webgpu`, what is in tensors is in the
 * graphics processor's memory, which may be the machine's.
 */
export interface TrainingMemory {
  /** What it has before training begins: Node, the code, the heap that a step's JavaScript takes, and whatever was read. */
  before: number;
  /** The weights; with adapters, those of the model as they are stored, too. */
  parameters: number;
  /** AdamW's two moments of each weight that learns; Muon has one. */
  optimizer: number;
  gradients: number;
  /** Matrices as their format leaves them, in quantization-aware training. */
  quantized: number;
  /** What else is in tensors, or in buffers that wait for them: above all what a step's forward pass leaves to its backward pass. */
  activations: number;
  /** What kernels keep for themselves: packed matrices, a chunk of logits; on a graphics processor, what checkpoints are read through. */
  scratch: number;
  /** What else JavaScript's own objects and arrays may grow by. */
  heap: number;
  total: number;
}

export interface TrainingMemoryOptions {
  config: DecoderConfig;
  parameters: Pick<
    TrainingParameters,
    'batchSize' | 'gradientAccumulation' | 'recomputeActivations' | 'optimizer' | 'validation' | 'quantization'
  >;
  /** Adapters that learn, in place of the model, and how that is stored. */
  adapt?: { adapters: AdapterConfig; stored: readonly StoredSize[] } | undefined;
  /** Whether the model writes texts between steps (`onPause` of the run). */
  writesTexts?: boolean;
  /** By default the model's whole context. */
  tokensPerRow?: number;
  /** By default what the process has after the dry run, which has run all of a step's JavaScript. */
  before?: number;
}

/** A weight as it is stored. */
export interface StoredSize {
  name: string;
  shape: readonly number[];
  format: string;
  /** Bytes. */
  bytes: number;
}

/** Steps of the dry run: in the first one the buffers are made that later ones use again. */
const STEPS = 2;
/** Micro-batches of a dry run's step: further ones do what the second does. */
const MICRO_BATCHES = 3;

/** What the heap may grow by beyond what the dry run has made it, with collections between steps (collect-garbage.ts): measured, 10 to 30 MB. */
const HEAP = 36e6;
/** And by what writes a text now and then, between steps: measured over a dozen texts, 4 to 14 MB. */
const TEXTS = 14e6;

/**
 * The peak of a training run's memory on the backend `native`, or on `webgpu` where that is active, by a dry run of its steps and a validation: the
 * operations themselves say which tensors there are at a time, the pool which buffers wait, and the kernels what they need besides. So nothing about
 * them is written down here.
 *
 * Takes some milliseconds for each layer. Nothing else may compute meanwhile.
 *
 * @throws UserError for a tensor that is larger than any buffer of the graphics processor may be
 */
export async function estimateMemory({
  config,
  parameters: { batchSize, gradientAccumulation, recomputeActivations, optimizer, validation, quantization },
  adapt,
  tokensPerRow = config.contextLength,
  writesTexts = false,
  ...options
}: TrainingMemoryOptions): Promise<TrainingMemory> {
  const rowsAtOnce = batchSize / gradientAccumulation;
  const microBatches = Math.min(gradientAccumulation, MICRO_BATCHES);
  const rows = emptyRows(config, tokensPerRow);
  const widths = range(config.matformer.granularities);
  const widthsOfSteps = config.matformer.training === 'joint' ? [widths] : widths.map((width) => [width]);

  const learning =
    adapt === undefined ? parameterShapes(config) : adapterShapes(config, adapt.adapters).flatMap(({ a, b }) => [a, b]);

  checkParameterSizes([...learning, ...(adapt?.stored ?? []).map(({ name, bytes }) => ({ name, shape: [bytes / 4] }))]);
  let [quantized, moments] = [0, 0];
  const { tensors, scratch: ofKernels } = await dryRun(async () => {
    const state = initialState(
      Object.fromEntries(learning.map(({ name, shape }) => [name, tf.fill(shape.slice(), 0)])),
      muonNames(optimizer, config, adapt && learning.map(({ name }) => name)),
    );
    moments = [state.firstMoments, state.secondMoments]
      .flatMap((each) => Object.values(each))
      .reduce((sum, { size }) => sum + 4 * size, 0);
    const base = adapt === undefined ? undefined : frozenZeros(config, adapt.stored);
    const bind = (own: ParameterTensors): Parameters =>
      adapt === undefined || base === undefined ? own : adaptParameters(config, adapt.adapters, base.parameters, own);
    for (let step = 0; step < Math.max(STEPS, widthsOfSteps.length); step++) {
      const batch = await rows.read(range(rowsAtOnce * microBatches));
      const { gradients } = await withNearest(config, quantization, state.parameters, (read) => {
        const copies = Object.keys(read).filter((name) => read[name] !== state.parameters[name]);
        quantized = copies.reduce((sum, name) => sum + 4 * read[name]!.size, 0);
        return batchGradients({
          config,
          parameters: read,
          bind,
          batch,
          rows: rowsAtOnce * microBatches,
          microBatches,
          recomputeActivations,
          granularities: widthsOfSteps[step % widthsOfSteps.length],
        });
      });
      const norm = globalNorm(Object.values(gradients));
      updateParameters(state, gradients, optimizer, { learningRate: 0, gradientScale: 1, step: step + 1 });
      tf.dispose([gradients, norm]);
      // A validation has whole batches, and what is left.
      const validated = Math.min(validation.rows, rowsAtOnce + (validation.rows % rowsAtOnce));
      await withNearest(config, quantization, state.parameters, (read) =>
        splitLoss({ config, parameters: bind(read), rows, indices: range(validated), batchSize: rowsAtOnce }),
      );
    }
    tf.dispose([state, base?.tensors ?? []]);
  });

  const before = options.before ?? process.memoryUsage.rss();
  const heap = HEAP + (writesTexts ? TEXTS : 0);
  const scratch = ofKernels + (activeGraphics() === undefined ? 0 : bytesToRead(learning));
  const bytes = 4 * (adapt === undefined ? countParameters(config) : countAdapterParameters(config, adapt.adapters));
  const frozen = adapt?.stored.reduce((sum, stored) => sum + stored.bytes, 0) ?? 0;
  const micro = gradientAccumulation > 1 ? 2 : 1; // the sums, and those of the micro-batch at work
  const gradients = Math.min(micro * bytes, tensors - bytes - moments - frozen - quantized);
  return {
    before,
    parameters: frozen + bytes,
    optimizer: moments,
    gradients,
    quantized,
    activations: tensors - bytes - moments - frozen - quantized - gradients,
    scratch,
    heap,
    total: before + tensors + scratch + heap,
  };
}

/** A graphics processor has a buffer, which the processor can read, for each size of a tensor that is read. */
function bytesToRead(parameters: readonly { shape: readonly number[] }[]): number {
  const sizes = new Set(parameters.map(({ shape }) => shape.reduce((product, length) => product * length, 4)));
  return [...sizes].reduce((sum, bytes) => sum + bytes, 0);
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A model that does not learn, of zeros, as large as it is stored; and its tensors. */
function frozenZeros(
  config: DecoderConfig,
  stored: readonly StoredSize[],
): { parameters: Parameters; tensors: tf.Tensor[] } {
  const storable = storableParameters(config);
  const tensors = stored.map(({ name, shape, bytes }) =>
    storable.has(name) ? lastingZeros([Math.ceil(bytes / 4)], 'int32') : tf.fill(shape.slice(), 0),
  );
  const entries = stored.flatMap(({ name, shape, format }, i) => {
    const tensor = tensors[i];
    if (tensor === undefined) return [];
    return [[name, storable.has(name) ? { format, shape, words: tensor } : tensor] as const];
  });
  return { parameters: freezeParameters(config, Object.fromEntries(entries)), tensors };
}

/** A split whose rows are all of token 0, with pictures where the model sees. */
export function emptyRows({ vision }: DecoderConfig, contextLength: number): TokenRows {
  const values = vision === null ? 0 : vision.patches * vision.channels * vision.patchSize ** 2;
  return {
    rows: Number.MAX_SAFE_INTEGER,
    contextLength,
    vision,
    async read(indices) {
      const ids = new Int32Array(indices.length * contextLength);
      const batch: Batch = { inputs: ids, targets: ids, documents: ids };
      return vision === null ? batch : { ...batch, patches: new Float32Array(indices.length * values) };
    },
  };
}
