/**
 * @file Which backends have a kernel of their own for which operation: the one place where an operation that is added says so. Others compute its
 * reference. `kernels.test.ts` holds it to what backends register, and to the operations that there are.
 */

/** Backends with kernels of this project. */
export const KERNEL_BACKENDS = ['native', 'webgpu'] as const;

export type KernelBackend = (typeof KERNEL_BACKENDS)[number];

const everywhere: readonly KernelBackend[] = KERNEL_BACKENDS;
/** Of which tfjs's kernels are as good on processors. */
const webgpu: readonly KernelBackend[] = ['webgpu'];

/** By the name of the kernel. One whose operation has a gradient stands for its gradient's, `…Grad`, too. */
export const KERNELS: Readonly<Record<string, readonly KernelBackend[]>> = {
  // Linear layers and feed-forward networks.
  Linear: everywhere,
  LinearAdd: everywhere,
  AddBias: everywhere,
  DifferentiableScale: webgpu,
  DifferentiableSigmoid: webgpu,
  GatedFeedForward: everywhere,
  Swiglu: everywhere,
  Geglu: everywhere,
  GaussianTopK: everywhere,

  // Attention.
  Attention: everywhere,
  Rope: everywhere,
  ScalePositions: everywhere,
  PagedAttention: everywhere,
  WriteRows: everywhere,
  PagedAttentionInt8: everywhere,
  WriteRowsInt8: everywhere,

  // Norms, rows, columns.
  RmsNorm: everywhere,
  RmsNormResidual: everywhere,
  LayerNorm: everywhere,
  RowSoftmax: everywhere,
  RowLogSumExp: everywhere,
  NormalizeSum: everywhere,
  ColumnMeans: everywhere,
  ScaleColumns: everywhere,

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
  LogitOptions: webgpu,

  // Streams of Gemma 3n.
  AddToEach: everywhere,
  AltUpPredict: everywhere,
  AltUpCorrect: everywhere,
  MatchMagnitudes: everywhere,
  ScaledSum: everywhere,
  SumLayerSlices: everywhere,

  // The optimizer.
  AdamW: everywhere,
  Muon: everywhere,
  GlobalNorm: everywhere,

  // Weights that are stored in few bits.
  FakeQuantize: everywhere,
  FrozenLinear: everywhere,
  FrozenGroupedLinear: everywhere,
  FrozenLinearCrossEntropy: everywhere,
  FrozenTokenLosses: everywhere,
  StoredEmbedding: everywhere,
  StoredGatedFeedForward: everywhere,
  StoredGroupedLinear: everywhere,
  StoredLinear: everywhere,
};
