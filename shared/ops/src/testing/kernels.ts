/**
 * @file Which backends have a kernel of their own for which operation: the one place where an operation that is added says so. Others compute its
 * reference. `kernels.test.ts` holds it to what backends register, and to the operations that there are.
 */

/** Backends with kernels of this project. */
export const KERNEL_BACKENDS = ['native', 'webgpu'] as const;

export type KernelBackend = (typeof KERNEL_BACKENDS)[number];

const everywhere: readonly KernelBackend[] = KERNEL_BACKENDS;
/** To do for graphics processors, or of no use there. */
const native: readonly KernelBackend[] = ['native'];
const nowhere: readonly KernelBackend[] = [];

/** By the name of the kernel. One whose operation has a gradient stands for its gradient's, `…Grad`, too. */
export const KERNELS: Readonly<Record<string, readonly KernelBackend[]>> = {
  // Linear layers and feed-forward networks.
  Linear: everywhere,
  LinearAdd: everywhere,
  AddBias: native,
  DifferentiableScale: nowhere,
  DifferentiableSigmoid: nowhere,
  GatedFeedForward: everywhere,
  Swiglu: everywhere,
  Geglu: everywhere,
  GaussianTopK: native,

  // Attention.
  Attention: everywhere,
  Rope: everywhere,
  ScalePositions: everywhere,
  PagedAttention: everywhere,
  WriteRows: everywhere,
  PagedAttentionInt8: native,
  WriteRowsInt8: native,

  // Norms, rows, columns.
  RmsNorm: everywhere,
  RmsNormResidual: everywhere,
  LayerNorm: native,
  RowSoftmax: everywhere,
  RowLogSumExp: everywhere,
  NormalizeSum: everywhere,
  ColumnMeans: native,
  ScaleColumns: native,

  // Mixtures of experts.
  RouterTopK: everywhere,
  SortByExpert: everywhere,
  Dispatch: everywhere,
  Combine: everywhere,
  GroupedLinear: everywhere,

  // The ends of a model.
  Embedding: everywhere,
  LinearCrossEntropy: everywhere,
  TokenLosses: everywhere,
  FirstLargest: everywhere,
  LogitOptions: nowhere,

  // Streams of Gemma 3n.
  AddToEach: native,
  AltUpPredict: native,
  AltUpCorrect: native,
  MatchMagnitudes: native,
  ScaledSum: native,
  SumLayerSlices: native,

  // The optimizer.
  AdamW: everywhere,
  GlobalNorm: everywhere,

  // Weights that are stored in few bits.
  FakeQuantize: native,
  FrozenLinear: native,
  FrozenGroupedLinear: native,
  FrozenLinearCrossEntropy: native,
  FrozenTokenLosses: native,
  StoredEmbedding: native,
  StoredGatedFeedForward: native,
  StoredGroupedLinear: native,
  StoredLinear: native,
};
