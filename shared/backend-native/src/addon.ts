/** @file The compiled kernels as JavaScript sees them, and how they are loaded. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { withBuildLock } from './build-lock.ts';
import { buildNative } from './compile.ts';
import { BUILD_COMMAND, nativeBuild } from './native-build.ts';

/** How the inputs of matrix products are rounded; sums are always float32. */
export type Precision = 'f32' | 'bf16';

/** C++'s enumerations. */
export const precisionCode = { f32: 0, bf16: 1 } as const satisfies Record<Precision, number>;
export const activationCode = { silu: 0, 'gelu-tanh': 1 } as const;

type Code = 0 | 1;
type Floats = Float32Array;

/** What native/addon.cc exports; native/kernels.h says what each does. Lengths are not checked there: that is the kernels' part. */
export interface Addon {
  /** Memory at a multiple of 64 bytes, outside of V8's heap; its content is undefined. */
  allocate(bytes: number): ArrayBuffer;
  /** Gives the memory of `allocate` back at once; the buffer is empty afterwards. */
  release(buffer: ArrayBuffer): void;
  /** From now on the kernels, which are all functions from `gemm` on, wait. */
  openQueue(): void;
  queueLength(): number;
  /** Runs the kernels that wait, in order. @returns the seconds that each took */
  runQueue(): number[];
  /** Forgets the kernels that wait; from now on they run at once. */
  closeQueue(): void;
  setThreads(count: number): void;
  threads(): number;
  /** Bytes that kernels of all threads keep for themselves. */
  scratchTotal(): number;
  /** From now on kernels compute nothing; what they need for themselves is added up. */
  beginDryRun(): void;
  /** Kernels compute again. @returns bytes that those since `beginDryRun` need for themselves, on all threads */
  endDryRun(): number;
  hasBf16(): boolean;

  gemm(
    precision: Code,
    m: number,
    n: number,
    k: number,
    a: Floats,
    strideA: number,
    transposedA: boolean,
    b: Floats,
    strideB: number,
    transposedB: boolean,
    c: Floats,
    strideC: number,
    accumulate: boolean,
  ): void;
  gemmBatched(
    precision: Code,
    transposeA: boolean,
    transposeB: boolean,
    count: number,
    m: number,
    n: number,
    k: number,
    a: Floats,
    distanceA: number,
    b: Floats,
    distanceB: number,
    c: Floats,
  ): void;

  linear(
    precision: Code,
    n: number,
    input: number,
    out: number,
    x: Floats,
    weight: Floats,
    residual: Floats | null,
    y: Floats,
  ): void;
  linearGradients(
    precision: Code,
    n: number,
    input: number,
    x: Floats,
    dYs: Floats[],
    weights: Floats[],
    dX: Floats,
    dWeights: Floats[],
  ): void;

  groupedLinear(
    precision: Code,
    n: number,
    input: number,
    offsets: Int32Array,
    x: Floats,
    weights: Floats[],
    ys: Floats[],
  ): void;
  groupedLinearGradients(
    precision: Code,
    n: number,
    input: number,
    offsets: Int32Array,
    x: Floats,
    dYs: Floats[],
    weights: Floats[],
    dX: Floats,
    dWeights: Floats[],
  ): void;

  topK(n: number, experts: number, k: number, x: Floats, values: Floats, indices: Int32Array): void;
  topKGradient(n: number, experts: number, k: number, dValues: Floats, indices: Int32Array, dX: Floats): void;
  dispatch(n: number, k: number, d: number, slots: Int32Array, weights: Floats | null, x: Floats, y: Floats): void;
  combine(n: number, k: number, d: number, slots: Int32Array, weights: Floats | null, x: Floats, y: Floats): void;
  slotProducts(n: number, k: number, d: number, slots: Int32Array, a: Floats, b: Floats, products: Floats): void;

  attention(
    precision: Code,
    ...rest: [...AttentionShape, q: Floats, k: Floats, v: Floats, out: Floats, logSumExp: Floats]
  ): void;
  attentionGradient(
    precision: Code,
    ...rest: [
      ...AttentionShape,
      dOut: Floats,
      q: Floats,
      k: Floats,
      v: Floats,
      out: Floats,
      logSumExp: Floats,
      dQ: Floats,
      dK: Floats,
      dV: Floats,
    ]
  ): void;

  rmsNorm(n: number, d: number, x: Floats, weight: Floats, epsilon: number, y: Floats, inverseRms: Floats): void;
  rmsNormGradient(
    n: number,
    d: number,
    dY: Floats,
    x: Floats,
    weight: Floats,
    inverseRms: Floats,
    dResidual: Floats | null,
    dX: Floats,
    dWeight: Floats,
  ): void;
  layerNorm(
    n: number,
    d: number,
    x: Floats,
    weight: Floats,
    epsilon: number,
    y: Floats,
    means: Floats,
    inverseDeviations: Floats,
  ): void;
  layerNormGradient(
    n: number,
    d: number,
    dY: Floats,
    x: Floats,
    weight: Floats,
    means: Floats,
    inverseDeviations: Floats,
    dX: Floats,
    dWeight: Floats,
  ): void;
  rope(
    rows: number,
    s: number,
    heads: number,
    headDim: number,
    planes: number,
    x: Floats,
    cos: Floats,
    sin: Floats,
    interleaved: boolean,
    inverse: boolean,
    y: Floats,
  ): void;
  gatedActivation(activation: Code, count: number, gate: Floats, up: Floats, y: Floats): void;
  gatedActivationGradient(
    activation: Code,
    count: number,
    dY: Floats,
    gate: Floats,
    up: Floats,
    dGate: Floats,
    dUp: Floats,
  ): void;
  gatedFeedForward(
    precision: Code,
    activation: Code,
    n: number,
    d: number,
    f: number,
    x: Floats,
    gateWeight: Floats,
    upWeight: Floats,
    downWeight: Floats,
    residual: Floats | null,
    gate: Floats,
    up: Floats,
    y: Floats,
  ): void;
  gatedFeedForwardGradient(
    precision: Code,
    activation: Code,
    n: number,
    d: number,
    f: number,
    dY: Floats,
    x: Floats,
    gateWeight: Floats,
    upWeight: Floats,
    downWeight: Floats,
    gate: Floats,
    up: Floats,
    memory: Floats,
    dX: Floats,
    dGateWeight: Floats,
    dUpWeight: Floats,
    dDownWeight: Floats,
  ): void;
  gaussianTopK(
    n: number,
    d: number,
    x: Floats,
    deviations: number,
    y: Floats,
    means: Floats,
    standardDeviations: Floats,
  ): void;
  gaussianTopKGradient(
    n: number,
    d: number,
    dY: Floats,
    x: Floats,
    deviations: number,
    means: Floats,
    standardDeviations: Floats,
    dX: Floats,
  ): void;
  softmax(n: number, d: number, x: Floats, y: Floats): void;
  softmaxGradient(n: number, d: number, dY: Floats, y: Floats, dX: Floats): void;
  scalePositions(rows: number, s: number, d: number, x: Floats, factors: Floats, y: Floats): void;
  logSumExp(n: number, d: number, x: Floats, y: Floats): void;
  logSumExpGradient(n: number, d: number, dY: Floats, x: Floats, y: Floats, dX: Floats): void;
  shares(n: number, d: number, x: Floats, y: Floats, sums: Floats): void;
  sharesGradient(n: number, d: number, dY: Floats, y: Floats, sums: Floats, dX: Floats): void;
  addToColumns(n: number, d: number, x: Floats, addends: Floats, y: Floats): void;
  columnSums(n: number, d: number, x: Floats, sums: Floats): void;
  columnMeans(n: number, d: number, x: Floats, means: Floats): void;
  columnMeansGradient(n: number, d: number, dMeans: Floats, dX: Floats): void;
  scaleColumns(n: number, d: number, x: Floats, factors: Floats, y: Floats): void;
  columnProducts(n: number, d: number, a: Floats, b: Floats, products: Floats): void;
  altUpPredict(...rest: [...AltUpRouter, copies: Floats[], modalities: Floats, ys: Floats[]]): void;
  altUpPredictGradient(
    ...rest: [
      ...AltUpRouter,
      dYs: Floats[],
      copies: Floats[],
      modalities: Floats,
      dGains: Floats,
      dWeight: Floats,
      dCoefficients: Floats,
      dCopies: Floats[],
    ]
  ): void;
  altUpCorrect(
    ...rest: [...AltUpRouter, output: Floats, predictions: Floats[], modalities: Floats, ys: Floats[]]
  ): void;
  altUpCorrectGradient(
    ...rest: [
      ...AltUpRouter,
      dYs: Floats[],
      output: Floats,
      prediction: Floats,
      modalities: Floats,
      dGains: Floats,
      dWeight: Floats,
      dCoefficients: Floats,
      dOutput: Floats,
      dPrediction: Floats,
    ]
  ): void;
  matchMagnitudes(n: number, d: number, least: number, other: Floats, xs: Floats[], ys: Floats[]): void;
  matchMagnitudesGradient(
    n: number,
    d: number,
    least: number,
    dYs: Floats[],
    other: Floats,
    xs: Floats[],
    dOther: Floats,
    dXs: Floats[],
  ): void;
  sumLayerSlices(n: number, p: number, a: Floats, factorA: number, b: Floats, factorB: number, ys: Floats[]): void;
  sumLayerSlicesGradient(
    n: number,
    p: number,
    dYs: Floats[],
    factorA: number,
    factorB: number,
    dA: Floats,
    dB: Floats,
  ): void;
  embedding(n: number, d: number, ids: Int32Array, weight: Floats, y: Floats): void;
  embeddingGradient(n: number, d: number, vocabularySize: number, ids: Int32Array, dY: Floats, dWeight: Floats): void;
  tokenLosses(
    precision: Code,
    n: number,
    d: number,
    vocabularySize: number,
    x: Floats,
    weight: Floats,
    targets: Int32Array,
    scale: number,
    softCap: number,
    losses: Floats,
  ): void;
  linearCrossEntropy(
    precision: Code,
    n: number,
    d: number,
    vocabularySize: number,
    x: Floats,
    weight: Floats,
    targets: Int32Array,
    scale: number,
    softCap: number,
    loss: Floats,
    dX: Floats,
    dWeight: Floats,
  ): void;
  adamW(
    parameters: Floats[],
    gradients: Floats[],
    firstMoments: Floats[],
    secondMoments: Floats[],
    weightDecays: readonly number[],
    learningRateFactors: readonly number[],
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    step: number,
    gradientScale: number,
  ): void;
  add(count: number, a: Floats, b: Floats, y: Floats): void;
  scale(count: number, a: Floats, factor: number, y: Floats): void;
  fill(count: number, value: number, y: Floats): void;
  scaledSum(count: number, xs: Floats[], factor: number, y: Floats): void;
  globalNorm(tensors: Floats[], norm: Floats): void;
}

/** The copies' shape, and the fields of C++'s struct of that name, in order. */
export type AltUpRouter = [
  n: number,
  d: number,
  active: number,
  gains: Floats,
  weight: Floats,
  coefficients: Floats,
  epsilon: number,
  centered: boolean,
];

/** The fields of C++'s struct of that name, in order, and of its rotation. */
export type AttentionShape = [
  b: number,
  s: number,
  sKv: number,
  heads: number,
  kvHeads: number,
  headDim: number,
  scale: number,
  window: number,
  chunk: number,
  softCap: number,
  starts: Int32Array | null,
  cos: Floats | null,
  sin: Floats | null,
  planes: number,
  interleaved: boolean,
];

/**
 * Loads the library that {@link nativeBuild} finds, after building it again where its sources have changed.
 *
 * @param onNotice is told when that takes a while
 * @throws UserError when there is none, or when it cannot be built again
 */
export async function loadAddon(onNotice: (line: string) => void): Promise<Addon> {
  const build = nativeBuild();
  if (!build.available) {
    throw new UserError({
      what: `the native backend is not available: ${build.reason}`,
      fix: `${build.fix}; or run on a slower backend: ARROWSMITH_BACKEND=wasm`,
    });
  }
  if (build.stale) {
    await withBuildLock(`${dirname(build.path)}.lock`, async () => {
      const now = nativeBuild(); // another process may have done it meanwhile
      if (now.available && !now.stale) return;
      onNotice(`native backend: its sources have changed, building it again for ${build.isa}`);
      await buildNative({ isa: build.isa });
    });
  }
  try {
    return createRequire(import.meta.url)(build.path) as Addon;
  } catch (error) {
    throw new UserError(
      {
        what: 'the native backend does not load',
        where: build.path,
        found: (error as Error).message.split('\n')[0]!,
        fix: `${BUILD_COMMAND}; or run on a slower backend: ARROWSMITH_BACKEND=wasm`,
      },
      { cause: error },
    );
  }
}
