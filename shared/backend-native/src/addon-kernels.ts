/**
 * @file The kernels as JavaScript sees them, each with its signature (native/kernel-signature.h). Made of the table in native/addon-kernels.h:
 * addon-kernels.test.ts compares, and with -u writes it.
 */

/** A whole number from 1, or, where the signature says so, from 0. */
export type Size = number;

/** Of a stored matrix: `formatCode`. */
export type Format = number;

export interface AddonKernels {
  /**
   * precision, transposedA, transposedB, count, countA, countB, m, n, k, a[countA m k], b[countB k n],
   * c[count m n]; countA is 1 or count, countB is 1 or count
   */
  gemmBatched(
    precision: 0 | 1,
    transposedA: boolean,
    transposedB: boolean,
    count: Size,
    countA: Size,
    countB: Size,
    m: Size,
    n: Size,
    k: Size,
    a: Float32Array,
    b: Float32Array,
    c: Float32Array,
  ): void;
  /**
   * precision, n>=0, input, out, x[n input], weight[out input], residual?[n out], y[n out]
   */
  linear(
    precision: 0 | 1,
    n: Size,
    input: Size,
    out: Size,
    x: Float32Array,
    weight: Float32Array,
    residual: Float32Array | null,
    y: Float32Array,
  ): void;
  /**
   * precision, n>=0, input, outs, x[n input], dYs(outs)[n outs], weights(outs)[outs input], dX[n input],
   * dWeights(outs)[outs input]
   */
  linearGradients(
    precision: 0 | 1,
    n: Size,
    input: Size,
    outs: readonly Size[],
    x: Float32Array,
    dYs: readonly Float32Array[],
    weights: readonly Float32Array[],
    dX: Float32Array,
    dWeights: readonly Float32Array[],
  ): void;
  /**
   * precision, n>=0, input, groups, outs, offsets[groups + 1], x[n input], weights(outs)[groups outs input],
   * ys(outs)[n outs]; offsets rise to n
   */
  groupedLinear(
    precision: 0 | 1,
    n: Size,
    input: Size,
    groups: Size,
    outs: readonly Size[],
    offsets: Int32Array,
    x: Float32Array,
    weights: readonly Float32Array[],
    ys: readonly Float32Array[],
  ): void;
  /**
   * precision, n>=0, input, groups, outs, offsets[groups + 1], x[n input], dYs(outs)[n outs],
   * weights(outs)[groups outs input], dX[n input], dWeights(outs)[groups outs input]; offsets rise to n
   */
  groupedLinearGradients(
    precision: 0 | 1,
    n: Size,
    input: Size,
    groups: Size,
    outs: readonly Size[],
    offsets: Int32Array,
    x: Float32Array,
    dYs: readonly Float32Array[],
    weights: readonly Float32Array[],
    dX: Float32Array,
    dWeights: readonly Float32Array[],
  ): void;
  /**
   * inputPrecision, n>=0, input, outs, formats(outs), x[n input], words(outs)[outs by input in formats],
   * ys(outs)[n outs]
   */
  storedLinear(
    inputPrecision: 0 | 1,
    n: Size,
    input: Size,
    outs: readonly Size[],
    formats: readonly Format[],
    x: Float32Array,
    words: readonly Int32Array[],
    ys: readonly Float32Array[],
  ): void;
  /**
   * inputPrecision, n>=0, input, out, format, x[n input], words[out by input in format], residual[n out], y[n out]
   */
  storedLinearAdd(
    inputPrecision: 0 | 1,
    n: Size,
    input: Size,
    out: Size,
    format: Format,
    x: Float32Array,
    words: Int32Array,
    residual: Float32Array,
    y: Float32Array,
  ): void;
  /**
   * inputPrecision, n>=0, input, groups, outs, formats(outs), offsets[groups + 1], x[n input],
   * words(outs)[groups outs by input in formats], ys(outs)[n outs]; offsets rise to n
   */
  storedGroupedLinear(
    inputPrecision: 0 | 1,
    n: Size,
    input: Size,
    groups: Size,
    outs: readonly Size[],
    formats: readonly Format[],
    offsets: Int32Array,
    x: Float32Array,
    words: readonly Int32Array[],
    ys: readonly Float32Array[],
  ): void;
  /**
   * inputPrecision, activation, n>=0, d, f, gateFormat, upFormat, downFormat, x[n d], gate[f by d in gateFormat],
   * up[f by d in upFormat], down[d by f in downFormat], residual?[n d], y[n d]
   */
  storedGatedFeedForward(
    inputPrecision: 0 | 1,
    activation: 0 | 1,
    n: Size,
    d: Size,
    f: Size,
    gateFormat: Format,
    upFormat: Format,
    downFormat: Format,
    x: Float32Array,
    gate: Int32Array,
    up: Int32Array,
    down: Int32Array,
    residual: Float32Array | null,
    y: Float32Array,
  ): void;
  /**
   * n>=0, d, v, format, scale, ids[n], table[v by d in format], y[n d]; ids in 0..v
   */
  storedEmbedding(
    n: Size,
    d: Size,
    v: Size,
    format: Format,
    scale: number,
    ids: Int32Array,
    table: Int32Array,
    y: Float32Array,
  ): void;
  /**
   * precision, n>=0, input, out, format, x[n input], words[out by input in format], residual?[n out], y[n out]
   */
  frozenLinear(
    precision: 0 | 1,
    n: Size,
    input: Size,
    out: Size,
    format: Format,
    x: Float32Array,
    words: Int32Array,
    residual: Float32Array | null,
    y: Float32Array,
  ): void;
  /**
   * precision, n>=0, input, outs, formats(outs), dYs(outs)[n outs], words(outs)[outs by input in formats],
   * dX[n input]
   */
  frozenLinearGradient(
    precision: 0 | 1,
    n: Size,
    input: Size,
    outs: readonly Size[],
    formats: readonly Format[],
    dYs: readonly Float32Array[],
    words: readonly Int32Array[],
    dX: Float32Array,
  ): void;
  /**
   * precision, n>=0, input, groups, outs, formats(outs), offsets[groups + 1], x[n input],
   * words(outs)[groups outs by input in formats], ys(outs)[n outs]; offsets rise to n
   */
  frozenGroupedLinear(
    precision: 0 | 1,
    n: Size,
    input: Size,
    groups: Size,
    outs: readonly Size[],
    formats: readonly Format[],
    offsets: Int32Array,
    x: Float32Array,
    words: readonly Int32Array[],
    ys: readonly Float32Array[],
  ): void;
  /**
   * precision, n>=0, input, groups, outs, formats(outs), offsets[groups + 1], dYs(outs)[n outs],
   * words(outs)[groups outs by input in formats], dX[n input]; offsets rise to n
   */
  frozenGroupedLinearGradient(
    precision: 0 | 1,
    n: Size,
    input: Size,
    groups: Size,
    outs: readonly Size[],
    formats: readonly Format[],
    offsets: Int32Array,
    dYs: readonly Float32Array[],
    words: readonly Int32Array[],
    dX: Float32Array,
  ): void;
  /**
   * n>=0, b, heads, keyHeads, headDim, slots, blockCount>=0, blockSize, keyOffset>=0, valueOffset>=0, scale,
   * window>=0, chunk>=0, softCap, queryOffsets[b + 1], lengths[b], blocks[blockCount], maskSide>=0, bitmapCount>=0,
   * maskTable[maskSide maskSide], bitmaps[128 bitmapCount], q[n heads headDim], k[slots keyHeads headDim],
   * v[slots keyHeads headDim], out[n heads headDim]; heads % keyHeads, queryOffsets rise to n,
   * lengths in 0..2147483647, blocks in -1..slots
   */
  pagedAttention(
    n: Size,
    b: Size,
    heads: Size,
    keyHeads: Size,
    headDim: Size,
    slots: Size,
    blockCount: Size,
    blockSize: Size,
    keyOffset: Size,
    valueOffset: Size,
    scale: number,
    window: Size,
    chunk: Size,
    softCap: number,
    queryOffsets: Int32Array,
    lengths: Int32Array,
    blocks: Int32Array,
    maskSide: Size,
    bitmapCount: Size,
    maskTable: Int32Array,
    bitmaps: Int32Array,
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    out: Float32Array,
  ): void;
  /**
   * n>=0, b, heads, keyHeads, headDim, slots, blockCount>=0, blockSize, keyOffset>=0, valueOffset>=0, scale,
   * window>=0, chunk>=0, softCap, queryOffsets[b + 1], lengths[b], blocks[blockCount], maskSide>=0, bitmapCount>=0,
   * maskTable[maskSide maskSide], bitmaps[128 bitmapCount], q[n heads headDim], rowWords, rowScales,
   * words[slots rowWords], scales[slots rowScales], out[n heads headDim]; heads % keyHeads, queryOffsets rise to n,
   * lengths in 0..2147483647, blocks in -1..slots, keyHeads headDim <= 4 rowWords, rowScales % keyHeads
   */
  pagedAttentionInt8(
    n: Size,
    b: Size,
    heads: Size,
    keyHeads: Size,
    headDim: Size,
    slots: Size,
    blockCount: Size,
    blockSize: Size,
    keyOffset: Size,
    valueOffset: Size,
    scale: number,
    window: Size,
    chunk: Size,
    softCap: number,
    queryOffsets: Int32Array,
    lengths: Int32Array,
    blocks: Int32Array,
    maskSide: Size,
    bitmapCount: Size,
    maskTable: Int32Array,
    bitmaps: Int32Array,
    q: Float32Array,
    rowWords: Size,
    rowScales: Size,
    words: Int32Array,
    scales: Float32Array,
    out: Float32Array,
  ): void;
  /**
   * n>=0, slots, d, at[n], rows[n d], table[slots d]; at in 0..slots, at differ
   */
  writeRows(n: Size, slots: Size, d: Size, at: Int32Array, rows: Float32Array, table: Float32Array): void;
  /**
   * n>=0, slots, heads, headDim, rowWords, rowScales, at[n], rows[n heads headDim], words[slots rowWords],
   * scales[slots rowScales]; at in 0..slots, at differ, heads headDim <= 4 rowWords, rowScales % heads
   */
  writeRowsInt8(
    n: Size,
    slots: Size,
    heads: Size,
    headDim: Size,
    rowWords: Size,
    rowScales: Size,
    at: Int32Array,
    rows: Float32Array,
    words: Int32Array,
    scales: Float32Array,
  ): void;
  /**
   * n>=0, experts, k, x[n experts], values[n k], indices[n k]; k <= experts, experts <= 2147483647
   */
  topK(n: Size, experts: Size, k: Size, x: Float32Array, values: Float32Array, indices: Int32Array): void;
  /**
   * n>=0, experts, k, dValues[n k], indices[n k], dX[n experts]; indices in 0..experts
   */
  topKGradient(n: Size, experts: Size, k: Size, dValues: Float32Array, indices: Int32Array, dX: Float32Array): void;
  /**
   * n>=0, k, d, slots[n k], weights?[n k], x[n d], y[n k d]; slots in 0..n k
   */
  dispatch(
    n: Size,
    k: Size,
    d: Size,
    slots: Int32Array,
    weights: Float32Array | null,
    x: Float32Array,
    y: Float32Array,
  ): void;
  /**
   * n>=0, k, d, slots[n k], weights?[n k], x[n k d], y[n d]; slots in 0..n k
   */
  combine(
    n: Size,
    k: Size,
    d: Size,
    slots: Int32Array,
    weights: Float32Array | null,
    x: Float32Array,
    y: Float32Array,
  ): void;
  /**
   * n>=0, k, d, slots[n k], a[n d], b[n k d], products[n k]; slots in 0..n k
   */
  slotProducts(
    n: Size,
    k: Size,
    d: Size,
    slots: Int32Array,
    a: Float32Array,
    b: Float32Array,
    products: Float32Array,
  ): void;
  /**
   * precision, b, s, sKv, heads, kvHeads, headDim, scale, window>=0, chunk>=0, softCap, documentOffsets?[b sKv],
   * rotaryPairs>=0, interleaved, cos[sKv rotaryPairs], sin[sKv rotaryPairs], maskSide>=0, bitmapCount>=0,
   * maskTable[maskSide maskSide], bitmaps[128 bitmapCount], q[b s heads headDim], k[b sKv kvHeads headDim],
   * v[b sKv kvHeads headDim], out[b s heads headDim], logSumExp[b heads s]; s <= sKv, heads % kvHeads,
   * 2 rotaryPairs <= headDim, documentOffsets rise within sKv
   */
  attention(
    precision: 0 | 1,
    b: Size,
    s: Size,
    sKv: Size,
    heads: Size,
    kvHeads: Size,
    headDim: Size,
    scale: number,
    window: Size,
    chunk: Size,
    softCap: number,
    documentOffsets: Int32Array | null,
    rotaryPairs: Size,
    interleaved: boolean,
    cos: Float32Array,
    sin: Float32Array,
    maskSide: Size,
    bitmapCount: Size,
    maskTable: Int32Array,
    bitmaps: Int32Array,
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    out: Float32Array,
    logSumExp: Float32Array,
  ): void;
  /**
   * precision, b, s, sKv, heads, kvHeads, headDim, scale, window>=0, chunk>=0, softCap, documentOffsets?[b sKv],
   * rotaryPairs>=0, interleaved, cos[sKv rotaryPairs], sin[sKv rotaryPairs], maskSide>=0, bitmapCount>=0,
   * maskTable[maskSide maskSide], bitmaps[128 bitmapCount], dOut[b s heads headDim], q[b s heads headDim],
   * k[b sKv kvHeads headDim], v[b sKv kvHeads headDim], out[b s heads headDim], logSumExp[b heads s],
   * dQ[b s heads headDim], dK[b sKv kvHeads headDim], dV[b sKv kvHeads headDim]; s <= sKv, heads % kvHeads,
   * 2 rotaryPairs <= headDim, documentOffsets rise within sKv
   */
  attentionGradient(
    precision: 0 | 1,
    b: Size,
    s: Size,
    sKv: Size,
    heads: Size,
    kvHeads: Size,
    headDim: Size,
    scale: number,
    window: Size,
    chunk: Size,
    softCap: number,
    documentOffsets: Int32Array | null,
    rotaryPairs: Size,
    interleaved: boolean,
    cos: Float32Array,
    sin: Float32Array,
    maskSide: Size,
    bitmapCount: Size,
    maskTable: Int32Array,
    bitmaps: Int32Array,
    dOut: Float32Array,
    q: Float32Array,
    k: Float32Array,
    v: Float32Array,
    out: Float32Array,
    logSumExp: Float32Array,
    dQ: Float32Array,
    dK: Float32Array,
    dV: Float32Array,
  ): void;
  /**
   * b, s, heads, headDim, rotaryPairs>=0, x[b s heads headDim], cos[s rotaryPairs], sin[s rotaryPairs],
   * interleaved, inverse, y[b s heads headDim]; 2 rotaryPairs <= headDim
   */
  rope(
    b: Size,
    s: Size,
    heads: Size,
    headDim: Size,
    rotaryPairs: Size,
    x: Float32Array,
    cos: Float32Array,
    sin: Float32Array,
    interleaved: boolean,
    inverse: boolean,
    y: Float32Array,
  ): void;
  /**
   * b, s, d, x[b s d], factors[s], y[b s d]
   */
  scalePositions(b: Size, s: Size, d: Size, x: Float32Array, factors: Float32Array, y: Float32Array): void;
  /**
   * n>=0, d, x[n d], weight[d], epsilon, y[n d], inverseRms[n]
   */
  rmsNorm(
    n: Size,
    d: Size,
    x: Float32Array,
    weight: Float32Array,
    epsilon: number,
    y: Float32Array,
    inverseRms: Float32Array,
  ): void;
  /**
   * n>=0, d, dY[n d], x[n d], weight[d], inverseRms[n], dResidual?[n d], dX[n d], dWeight[d]
   */
  rmsNormGradient(
    n: Size,
    d: Size,
    dY: Float32Array,
    x: Float32Array,
    weight: Float32Array,
    inverseRms: Float32Array,
    dResidual: Float32Array | null,
    dX: Float32Array,
    dWeight: Float32Array,
  ): void;
  /**
   * n>=0, d, x[n d], weight[d], epsilon, y[n d], means[n], inverseDeviations[n]
   */
  layerNorm(
    n: Size,
    d: Size,
    x: Float32Array,
    weight: Float32Array,
    epsilon: number,
    y: Float32Array,
    means: Float32Array,
    inverseDeviations: Float32Array,
  ): void;
  /**
   * n>=0, d, dY[n d], x[n d], weight[d], means[n], inverseDeviations[n], dX[n d], dWeight[d]
   */
  layerNormGradient(
    n: Size,
    d: Size,
    dY: Float32Array,
    x: Float32Array,
    weight: Float32Array,
    means: Float32Array,
    inverseDeviations: Float32Array,
    dX: Float32Array,
    dWeight: Float32Array,
  ): void;
  /**
   * activation, count>=0, gate[count], up[count], y[count]
   */
  gatedActivation(activation: 0 | 1, count: Size, gate: Float32Array, up: Float32Array, y: Float32Array): void;
  /**
   * activation, count>=0, dY[count], gate[count], up[count], dGate[count], dUp[count]
   */
  gatedActivationGradient(
    activation: 0 | 1,
    count: Size,
    dY: Float32Array,
    gate: Float32Array,
    up: Float32Array,
    dGate: Float32Array,
    dUp: Float32Array,
  ): void;
  /**
   * precision, activation, n>=0, d, f, x[n d], gateWeight[f d], upWeight[f d], downWeight[d f], residual?[n d],
   * gate[n f], up[n f], y[n d]
   */
  gatedFeedForward(
    precision: 0 | 1,
    activation: 0 | 1,
    n: Size,
    d: Size,
    f: Size,
    x: Float32Array,
    gateWeight: Float32Array,
    upWeight: Float32Array,
    downWeight: Float32Array,
    residual: Float32Array | null,
    gate: Float32Array,
    up: Float32Array,
    y: Float32Array,
  ): void;
  /**
   * precision, activation, n>=0, d, f, dY[n d], x[n d], gateWeight[f d], upWeight[f d], downWeight[d f], gate[n f],
   * up[n f], memory[n f], dX[n d], dGateWeight[f d], dUpWeight[f d], dDownWeight[d f]
   */
  gatedFeedForwardGradient(
    precision: 0 | 1,
    activation: 0 | 1,
    n: Size,
    d: Size,
    f: Size,
    dY: Float32Array,
    x: Float32Array,
    gateWeight: Float32Array,
    upWeight: Float32Array,
    downWeight: Float32Array,
    gate: Float32Array,
    up: Float32Array,
    memory: Float32Array,
    dX: Float32Array,
    dGateWeight: Float32Array,
    dUpWeight: Float32Array,
    dDownWeight: Float32Array,
  ): void;
  /**
   * n>=0, d, x[n d], deviations, y[n d], means[n], standardDeviations[n]
   */
  gaussianTopK(
    n: Size,
    d: Size,
    x: Float32Array,
    deviations: number,
    y: Float32Array,
    means: Float32Array,
    standardDeviations: Float32Array,
  ): void;
  /**
   * n>=0, d, dY[n d], x[n d], deviations, means[n], standardDeviations[n], dX[n d]
   */
  gaussianTopKGradient(
    n: Size,
    d: Size,
    dY: Float32Array,
    x: Float32Array,
    deviations: number,
    means: Float32Array,
    standardDeviations: Float32Array,
    dX: Float32Array,
  ): void;
  /**
   * n>=0, d, x[n d], places[n]; d <= 16777216
   */
  firstLargest(n: Size, d: Size, x: Float32Array, places: Float32Array): void;
  /**
   * vocabulary, count, x[vocabulary], ids[count]; count <= vocabulary
   */
  rankLogits(vocabulary: Size, count: Size, x: Float32Array, ids: Int32Array): void;
  /**
   * v, x[v], largest, temperature, total[2]
   */
  sumExponentials(v: Size, x: Float32Array, largest: number, temperature: number, total: Int32Array): void;
  /**
   * n>=0, d, x[n d], y[n d]
   */
  softmax(n: Size, d: Size, x: Float32Array, y: Float32Array): void;
  /**
   * n>=0, d, dY[n d], y[n d], dX[n d]
   */
  softmaxGradient(n: Size, d: Size, dY: Float32Array, y: Float32Array, dX: Float32Array): void;
  /**
   * n>=0, d, x[n d], y[n]
   */
  logSumExp(n: Size, d: Size, x: Float32Array, y: Float32Array): void;
  /**
   * n>=0, d, dY[n], x[n d], y[n], dX[n d]
   */
  logSumExpGradient(n: Size, d: Size, dY: Float32Array, x: Float32Array, y: Float32Array, dX: Float32Array): void;
  /**
   * n>=0, d, x[n d], y[n d], sums[n]
   */
  normalizeSum(n: Size, d: Size, x: Float32Array, y: Float32Array, sums: Float32Array): void;
  /**
   * n>=0, d, dY[n d], y[n d], sums[n], dX[n d]
   */
  normalizeSumGradient(n: Size, d: Size, dY: Float32Array, y: Float32Array, sums: Float32Array, dX: Float32Array): void;
  /**
   * n>=0, d, x[n d], addends[d], y[n d]
   */
  addToColumns(n: Size, d: Size, x: Float32Array, addends: Float32Array, y: Float32Array): void;
  /**
   * n>=0, d, x[n d], sums[d]
   */
  columnSums(n: Size, d: Size, x: Float32Array, sums: Float32Array): void;
  /**
   * n>=0, d, x[n d], means[d]
   */
  columnMeans(n: Size, d: Size, x: Float32Array, means: Float32Array): void;
  /**
   * n>=0, d, dMeans[d], dX[n d]
   */
  columnMeansGradient(n: Size, d: Size, dMeans: Float32Array, dX: Float32Array): void;
  /**
   * n>=0, d, x[n d], factors[d], y[n d]
   */
  scaleColumns(n: Size, d: Size, x: Float32Array, factors: Float32Array, y: Float32Array): void;
  /**
   * n>=0, d, a[n d], b[n d], products[d]
   */
  columnProducts(n: Size, d: Size, a: Float32Array, b: Float32Array, products: Float32Array): void;
  /**
   * n>=0, d, a, active>=0, gains[d], weight[a d], coefficients[a a a], epsilon, centered, copies(a)[n d],
   * modalities[n a], ys(a)[n d]; active in 0..a
   */
  altUpPredict(
    n: Size,
    d: Size,
    a: Size,
    active: Size,
    gains: Float32Array,
    weight: Float32Array,
    coefficients: Float32Array,
    epsilon: number,
    centered: boolean,
    copies: readonly Float32Array[],
    modalities: Float32Array,
    ys: readonly Float32Array[],
  ): void;
  /**
   * n>=0, d, a, active>=0, gains[d], weight[a d], coefficients[a a a], epsilon, centered, dYs(a)[n d],
   * copies(a)[n d], modalities[n a], dGains[d], dWeight[a d], dCoefficients[a a a], dCopies(a)[n d];
   * active in 0..a
   */
  altUpPredictGradient(
    n: Size,
    d: Size,
    a: Size,
    active: Size,
    gains: Float32Array,
    weight: Float32Array,
    coefficients: Float32Array,
    epsilon: number,
    centered: boolean,
    dYs: readonly Float32Array[],
    copies: readonly Float32Array[],
    modalities: Float32Array,
    dGains: Float32Array,
    dWeight: Float32Array,
    dCoefficients: Float32Array,
    dCopies: readonly Float32Array[],
  ): void;
  /**
   * n>=0, d, a, active>=0, gains[d], weight[a d], coefficients[a a], epsilon, centered, output[n d],
   * predictions(a)[n d], modalities[n a], ys(a)[n d]; active in 0..a
   */
  altUpCorrect(
    n: Size,
    d: Size,
    a: Size,
    active: Size,
    gains: Float32Array,
    weight: Float32Array,
    coefficients: Float32Array,
    epsilon: number,
    centered: boolean,
    output: Float32Array,
    predictions: readonly Float32Array[],
    modalities: Float32Array,
    ys: readonly Float32Array[],
  ): void;
  /**
   * n>=0, d, a, active>=0, gains[d], weight[a d], coefficients[a a], epsilon, centered, dYs(a)[n d], output[n d],
   * prediction[n d], modalities[n a], dGains[d], dWeight[a d], dCoefficients[a a], dOutput[n d], dPrediction[n d];
   * active in 0..a
   */
  altUpCorrectGradient(
    n: Size,
    d: Size,
    a: Size,
    active: Size,
    gains: Float32Array,
    weight: Float32Array,
    coefficients: Float32Array,
    epsilon: number,
    centered: boolean,
    dYs: readonly Float32Array[],
    output: Float32Array,
    prediction: Float32Array,
    modalities: Float32Array,
    dGains: Float32Array,
    dWeight: Float32Array,
    dCoefficients: Float32Array,
    dOutput: Float32Array,
    dPrediction: Float32Array,
  ): void;
  /**
   * n>=0, d, count, least, other[n d], xs(count)[n d], ys(count)[n d]
   */
  matchMagnitudes(
    n: Size,
    d: Size,
    count: Size,
    least: number,
    other: Float32Array,
    xs: readonly Float32Array[],
    ys: readonly Float32Array[],
  ): void;
  /**
   * n>=0, d, count, least, dYs(count)[n d], other[n d], xs(count)[n d], dOther[n d], dXs(count)[n d]
   */
  matchMagnitudesGradient(
    n: Size,
    d: Size,
    count: Size,
    least: number,
    dYs: readonly Float32Array[],
    other: Float32Array,
    xs: readonly Float32Array[],
    dOther: Float32Array,
    dXs: readonly Float32Array[],
  ): void;
  /**
   * n>=0, layers, p, a[n layers p], factorA, b[n layers p], factorB, ys(layers)[n p]
   */
  sumLayerSlices(
    n: Size,
    layers: Size,
    p: Size,
    a: Float32Array,
    factorA: number,
    b: Float32Array,
    factorB: number,
    ys: readonly Float32Array[],
  ): void;
  /**
   * n>=0, layers, p, dYs(layers)[n p], factorA, factorB, dA[n layers p], dB[n layers p]
   */
  sumLayerSlicesGradient(
    n: Size,
    layers: Size,
    p: Size,
    dYs: readonly Float32Array[],
    factorA: number,
    factorB: number,
    dA: Float32Array,
    dB: Float32Array,
  ): void;
  /**
   * n>=0, d, v, ids[n], weight[v d], y[n d]; ids in 0..v
   */
  embedding(n: Size, d: Size, v: Size, ids: Int32Array, weight: Float32Array, y: Float32Array): void;
  /**
   * n>=0, d, v, ids[n], dY[n d], dWeight[v d]; ids in 0..v, n <= 2147483647
   */
  embeddingGradient(n: Size, d: Size, v: Size, ids: Int32Array, dY: Float32Array, dWeight: Float32Array): void;
  /**
   * precision, n>=0, d, v, x[n d], weight[v d], targets[n], scale, softCap, losses[n]; targets in -1..v
   */
  tokenLosses(
    precision: 0 | 1,
    n: Size,
    d: Size,
    v: Size,
    x: Float32Array,
    weight: Float32Array,
    targets: Int32Array,
    scale: number,
    softCap: number,
    losses: Float32Array,
  ): void;
  /**
   * precision, n>=0, d, v, x[n d], weight[v d], targets[n], scale, softCap, loss[1], dX[n d], dWeight[v d];
   * targets in -1..v
   */
  linearCrossEntropy(
    precision: 0 | 1,
    n: Size,
    d: Size,
    v: Size,
    x: Float32Array,
    weight: Float32Array,
    targets: Int32Array,
    scale: number,
    softCap: number,
    loss: Float32Array,
    dX: Float32Array,
    dWeight: Float32Array,
  ): void;
  /**
   * precision, n>=0, d, v, format, x[n d], words[v by d in format], targets[n], scale, softCap, losses[n];
   * targets in -1..v
   */
  frozenTokenLosses(
    precision: 0 | 1,
    n: Size,
    d: Size,
    v: Size,
    format: Format,
    x: Float32Array,
    words: Int32Array,
    targets: Int32Array,
    scale: number,
    softCap: number,
    losses: Float32Array,
  ): void;
  /**
   * precision, n>=0, d, v, format, x[n d], words[v by d in format], targets[n], scale, softCap, loss[1], dX[n d];
   * targets in -1..v
   */
  frozenLinearCrossEntropy(
    precision: 0 | 1,
    n: Size,
    d: Size,
    v: Size,
    format: Format,
    x: Float32Array,
    words: Int32Array,
    targets: Int32Array,
    scale: number,
    softCap: number,
    loss: Float32Array,
    dX: Float32Array,
  ): void;
  /**
   * counts, parameters(counts)[counts], gradients(counts)[counts], firstMoments(counts)[counts],
   * secondMoments(counts)[counts], weightDecays(counts), learningRateFactors(counts), learningRate, beta1, beta2,
   * epsilon, step, gradientScale
   */
  adamW(
    counts: readonly Size[],
    parameters: readonly Float32Array[],
    gradients: readonly Float32Array[],
    firstMoments: readonly Float32Array[],
    secondMoments: readonly Float32Array[],
    weightDecays: readonly number[],
    learningRateFactors: readonly number[],
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    step: Size,
    gradientScale: number,
  ): void;
  /**
   * precision, count, groups, rows, columns, gradients(count)[groups rows columns],
   * parameters(count)[groups rows columns], momenta(count)[groups rows columns], rates(count), kept(count),
   * momentum, gradientScale
   */
  muon(
    precision: 0 | 1,
    count: Size,
    groups: Size,
    rows: Size,
    columns: Size,
    gradients: readonly Float32Array[],
    parameters: readonly Float32Array[],
    momenta: readonly Float32Array[],
    rates: readonly number[],
    kept: readonly number[],
    momentum: number,
    gradientScale: number,
  ): void;
  /**
   * counts, tensors(counts)[counts], norm[1]
   */
  globalNorm(counts: readonly Size[], tensors: readonly Float32Array[], norm: Float32Array): void;
  /**
   * format, n>=0, d, x[n d], y[n d]
   */
  fakeQuantize(format: Format, n: Size, d: Size, x: Float32Array, y: Float32Array): void;
  /**
   * words>=0, rest, isSigned, dropped>=0, heads[8 words], planes[rest words], numbers[8 words]; rest <= 7,
   * dropped <= rest
   */
  joinPlanes8(
    words: Size,
    rest: Size,
    isSigned: boolean,
    dropped: Size,
    heads: Int32Array,
    planes: Int32Array,
    numbers: Int32Array,
  ): void;
  /**
   * words>=0, rest, isSigned, dropped>=0, heads[8 words], planes[rest words], numbers[16 words]; rest <= 15,
   * dropped <= rest
   */
  joinPlanes16(
    words: Size,
    rest: Size,
    isSigned: boolean,
    dropped: Size,
    heads: Int32Array,
    planes: Int32Array,
    numbers: Int32Array,
  ): void;
  /**
   * words>=0, rest, isSigned, dropped>=0, heads[8 words], planes[rest words], numbers[32 words]; rest <= 31,
   * dropped <= rest
   */
  joinPlanes32(
    words: Size,
    rest: Size,
    isSigned: boolean,
    dropped: Size,
    heads: Int32Array,
    planes: Int32Array,
    numbers: Int32Array,
  ): void;
  /**
   * tokens>=0, pairs, distinct, index[tokens], x[pairs distinct], y[tokens pairs]; index in 0..distinct
   */
  gatherColumns16(tokens: Size, pairs: Size, distinct: Size, index: Int32Array, x: Int32Array, y: Int32Array): void;
  /**
   * tokens>=0, heads, headWords, distinct, predicted>=0, pairs>=0, angles, interleaved, index[tokens],
   * residual[tokens], angle[tokens], x[distinct heads headWords], residuals[predicted heads headWords],
   * cos[angles pairs], sin[angles pairs], y[tokens heads headWords]; index in 0..distinct,
   * residual in -1..predicted, angle in 0..angles, pairs <= headWords
   */
  addResidualsBf16(
    tokens: Size,
    heads: Size,
    headWords: Size,
    distinct: Size,
    predicted: Size,
    pairs: Size,
    angles: Size,
    interleaved: boolean,
    index: Int32Array,
    residual: Int32Array,
    angle: Int32Array,
    x: Int32Array,
    residuals: Int32Array,
    cos: Float32Array,
    sin: Float32Array,
    y: Int32Array,
  ): void;
  /**
   * count>=0, a[count], b[count], y[count]
   */
  add(count: Size, a: Float32Array, b: Float32Array, y: Float32Array): void;
  /**
   * count>=0, a[count], factor, y[count]
   */
  scale(count: Size, a: Float32Array, factor: number, y: Float32Array): void;
  /**
   * count>=0, value, y[count]
   */
  fill(count: Size, value: number, y: Float32Array): void;
  /**
   * count>=0, terms, xs(terms)[count], factor, y[count]
   */
  scaledSum(count: Size, terms: Size, xs: readonly Float32Array[], factor: number, y: Float32Array): void;
}
