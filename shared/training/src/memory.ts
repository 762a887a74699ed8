/** @file How much memory a training step takes on the backend `native`, told before it starts. */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { UserError } from '@arrowsmith/errors';
import { parameterShapes, type DecoderConfig, type LayerConfig } from '@arrowsmith/model';

/** What is in memory when a step takes most of it, in bytes. */
export interface StepMemory {
  /** The weights. */
  parameters: number;
  /** AdamW's two moments of each weight. */
  optimizer: number;
  gradients: number;
  /** What the forward pass computed and the backward pass needs, and what the backward pass is computing. */
  activations: number;
  /** What kernels keep for themselves: packed matrices, a chunk of logits. */
  scratch: number;
  total: number;
}

export interface StepMemoryOptions {
  config: DecoderConfig;
  /** Sequences that go through the model together: batchSize / gradientAccumulation. */
  rows: number;
  /** By default the whole context. */
  tokensPerRow?: number;
  /** Micro-batches whose gradients are summed. */
  microBatches?: number;
  /** Whether the backward pass computes a block's activations again. */
  recomputeActivations?: boolean;
  precision?: 'f32' | 'bf16';
  threads?: number;
}

/**
 * Estimates the peak of a step's memory: the backend's tensors and its kernels' buffers, without the process's own (Node's about
 * 0.1 GB, and the text).
 *
 * The most is taken in the backward pass: either at its beginning, in the last block, when the activations of all blocks are there, or at
 * its end, in the first block, when the gradients of all parameters are. Recomputation keeps one tensor of each block, and has the
 * activations of one block at a time.
 */
export function estimateStepMemory({
  config,
  rows,
  tokensPerRow = config.contextLength,
  microBatches = 1,
  recomputeActivations = false,
  precision = 'f32',
  threads = 1,
}: StepMemoryOptions): StepMemory {
  const { layers, hiddenSize: d, vocabularySize, tieWordEmbeddings, altUp } = config;
  const n = rows * tokensPerRow;
  const shapes = parameterShapes(config);
  const parameters = tensors(...shapes.map(({ shape }) => sizeOf(shape)));
  const inLayers = shapes.filter(({ name }) => name.startsWith('model.layers.'));
  const layerGradients = tensors(...inLayers.map(({ shape }) => sizeOf(shape)));
  const table = tensors(vocabularySize * d);
  const stream = (altUp?.inputs ?? 1) * tensors(n * d);

  const blocks = layers.map((layer) => blockActivations(config, layer, n));
  const largest = (size: (block: BlockActivations) => number): number => Math.max(...blocks.map(size));
  const kept = blocks.reduce((sum, block) => sum + block.kept, 0);
  // The gradient that flows back, [n, d], and what a block's kernels make of it at most; or the end of the forward pass computed again.
  const atWork =
    stream + largest(({ backward, forward }) => (recomputeActivations ? Math.max(backward, forward) : backward));
  const keptOfAll = recomputeActivations ? layers.length * stream : kept;
  const current = recomputeActivations ? largest((block) => block.kept) - stream : 0; // of the block at work, beside its input
  const keptOfFirst = recomputeActivations ? stream : blocks[0]!.kept;
  // After the last block and before the backward pass: its output and that of the final norm, and the gradient by the latter.
  const atLoss = { activations: keptOfAll + 3 * stream, gradients: table };
  const inLastBlock = { activations: keptOfAll + current + atWork, gradients: table };
  // The embedding's gradient, which comes last; with tied weights it is added to the output layer's.
  const embeddingGradients = tieWordEmbeddings ? 3 * table : 2 * table;
  const inFirstBlock = { activations: keptOfFirst + current + atWork, gradients: table + layerGradients };
  const atEnd = { activations: stream, gradients: embeddingGradients + layerGradients };

  const sums = microBatches > 1 ? parameters : 0; // of the micro-batches before
  const { activations, gradients } = [atLoss, inLastBlock, inFirstBlock, atEnd].reduce((most, moment) =>
    moment.activations + moment.gradients > most.activations + most.gradients ? moment : most,
  );
  const optimizer = 2 * parameters;
  const scratch = kernelBuffers(config, n, precision, threads);
  const total = parameters + optimizer + gradients + sums + activations + scratch;
  return { parameters, optimizer, gradients: gradients + sums, activations, scratch, total };
}

interface BlockActivations {
  /** Kept from the forward to the backward pass: the inputs of each operation's gradient, where operations share them once. */
  kept: number;
  /** More than that, at most, in the backward pass. */
  backward: number;
  /** More than that at the end of the forward pass. */
  forward: number;
}

/** Bytes of one block's activations, for n tokens. */
function blockActivations(config: DecoderConfig, { attention, ffn }: LayerConfig, n: number): BlockActivations {
  const { hiddenSize: d, postNorms, altUp } = config;
  const { heads, kvHeads, headDim, qkNorm } = attention;
  const [queries, keys] = [heads * headDim, kvHeads * headDim];
  const routed = ffn.kind === 'moe' ? n * ffn.topK : 0; // rows of experts
  const shared = ffn.kind === 'moe' ? ffn.sharedIntermediateSize : ffn.intermediateSize;
  // gate, up: the feed-forward network; of experts also the linear layer down's input; the rows that are sent to experts, and come back
  const isComposed = ffn.kind === 'dense' && (ffn.bias || ffn.sparsity > 0);
  const inner = (isComposed ? [shared, shared, shared] : [shared, shared])
    .filter((size) => size > 0)
    .map((size) => n * size);
  const experts = ffn.kind === 'moe' ? [1, 1, 1].map(() => routed * ffn.intermediateSize) : [];
  const moved = ffn.kind === 'moe' ? [routed * d, routed * d, n * ffn.experts, n * ffn.experts] : [];
  const ffnKept = tensors(...inner, ...experts, ...moved);
  return {
    kept:
      tensors(n * d, n) + // x, its inverse root mean square: RmsNorm
      tensors(n * d) + // normed x: the linear layers of q, k, v
      tensors(n * queries, n * keys, n * keys) + // q, k, v: attention
      tensors(n * queries, n * heads) + // attention's output, also the linear layer o's input; log-sum-exp
      (qkNorm === 'none' ? 0 : tensors(n * queries, n * keys, n * heads, n * kvHeads)) + // q, k before their norms
      (postNorms ? tensors(n * d, n * d, n, n) : 0) + // the sub-layers' outputs before their norms
      (altUp === null ? 0 : 3 * altUp.inputs * tensors(n * d)) + // copies, predictions, innovation by copy
      tensors(n * d, n) + // x + o(…): RmsNorm
      tensors(n * d) + // normed: the linear layers gate, up
      ffnKept,
    // While the feed-forward network's gradient is computed: that by the inner features, besides gate and up, and that by x; experts', by
    // gate, up and their product, whose value is gone then; or while attention's is, where the feed-forward part is gone.
    backward: Math.max(
      tensors(...inner.slice(1), ...experts.slice(1), n * d),
      tensors(n * queries, n * queries, n * keys, n * keys) - tensors(n * d, n * d) - ffnKept,
    ),
    // The inner features where they are not a kernel's own, and the block's output.
    forward: tensors(...(isComposed ? inner.slice(1) : []), n * d),
  };
}

/** Columns of a packed matrix are rounded up to whole panels of so many. */
const PANEL_COLUMNS = 64;
/** Logits that exist at a time; but never of fewer rows (cross-entropy.cc). */
const [LOGITS, LEAST_LOGITS_ROWS] = [2 ** 21, 512];
/** Blocks of queries in attention, and of rows and depth in matrix products. */
const [QUERIES, BLOCK_ROWS, BLOCK_DEPTH] = [48, 96, 384];
/** Rows and, at most, columns of a block of features (gated-feed-forward.cc), and how many rows go by blocks at least. */
const [FEATURE_ROWS, MOST_FEATURES, LEAST_BLOCKED_ROWS] = [48, 1024, 512];
/** Buffers are made larger than asked for, so that they need not grow each time. */
const HEADROOM = 9 / 8;

/** Bytes of the buffers that the kernels keep. */
function kernelBuffers(
  { hiddenSize: d, layers, vocabularySize, contextLength }: DecoderConfig,
  n: number,
  precision: 'f32' | 'bf16',
  threads: number,
): number {
  const columns = (count: number): number => Math.ceil(count / PANEL_COLUMNS) * PANEL_COLUMNS;
  const f = Math.max(...layers.map(({ ffn }) => ffn.intermediateSize));
  const queries = Math.max(...layers.map(({ attention: { heads, headDim } }) => heads * headDim));
  const headDim = Math.max(...layers.map(({ attention }) => attention.headDim));
  // The right-hand sides of the largest products: a linear layer's input for its weight's gradient, and the output layer's weight.
  const packed = Math.max(n * columns(Math.max(d, f, queries)), columns(vocabularySize) * d);
  // Rows of logits, and the rows of hidden states that they belong to, scaled.
  const logits = Math.min(n, Math.max(LEAST_LOGITS_ROWS, Math.floor(LOGITS / vocabularySize))) * (vocabularySize + d);
  // A feed-forward network's weights, and its inner features: of the rows that a thread works on, or of few rows all.
  const weights = n < LEAST_BLOCKED_ROWS ? 0 : 3 * columns(f) * d;
  const features = n < LEAST_BLOCKED_ROWS ? n * f : threads * 2 * FEATURE_ROWS * Math.min(columns(f), MOST_FEATURES);
  const ofThread = 2 * QUERIES * contextLength + 5 * contextLength * headDim + BLOCK_ROWS * BLOCK_DEPTH;
  const element = precision === 'bf16' ? 2 : 4;
  return HEADROOM * ((packed + weights) * element + 4 * (logits + features) + threads * 4 * ofThread);
}

/** Bytes of float32 tensors of so many elements, in the sizes that the backend's pool hands out: eight from one power of two to the next. */
function tensors(...counts: number[]): number {
  return counts.reduce((sum, count) => {
    const step = 2 ** Math.floor(Math.log2(4 * count)) / 8;
    return sum + Math.ceil((4 * count) / step) * step;
  }, 0);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * @param available bytes that the process may still take
 * @throws UserError with the numbers when the step cannot fit
 */
export function checkStepMemory(estimate: StepMemory, available: number = availableMemory()): void {
  if (estimate.total <= available) return;
  const parts = (['parameters', 'optimizer', 'gradients', 'activations', 'scratch'] as const).map(
    (part) => `${part} ${describeBytes(estimate[part])}`,
  );
  const small = 'a smaller batchSize, or a larger gradientAccumulation, or recomputeActivations: true';
  throw new UserError({
    what: 'a training step does not fit in memory',
    expected: `at most ${describeBytes(available)}, which is what this machine has left for this process`,
    found: `${describeBytes(estimate.total)}: ${parts.join(', ')}`,
    fix:
      estimate.activations > estimate.total / 2
        ? `${small}; or a smaller model`
        : 'a smaller model, or a machine with more memory',
  });
}

/**
 * Bytes that this process may still take: what the system can give without swapping where it tells (Linux), all memory elsewhere, as what
 * other systems call free is a small part of what they would give; and no more than its container allows.
 */
export function availableMemory(): number {
  const limit = process.constrainedMemory();
  const ofContainer = limit === undefined || limit === 0 ? Infinity : limit - process.memoryUsage.rss();
  return Math.min(ofContainer, systemMemory());
}

function systemMemory(): number {
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return kilobytes === undefined ? totalmem() : 1024 * Number(kilobytes);
  } catch {
    return totalmem();
  }
}

const describeBytes = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
