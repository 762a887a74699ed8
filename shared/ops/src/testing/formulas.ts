/**
 * @file What the operations compute, written out element by element in float64: the independent side of their tests. Nothing here
 * is shared with the operations, neither code nor the order of sums.
 */

/** A tensor outside of any backend, row-major. */
export interface Plain {
  shape: readonly number[];
  data: Float64Array;
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);

/** Row i of a tensor whose last axis is a row. */
function row({ shape, data }: Plain, i: number): number[] {
  const d = shape.at(-1)!;
  return Array.from(data.subarray(i * d, (i + 1) * d));
}

/** All rows of a tensor whose last axis is a row. */
function rows(x: Plain): number[][] {
  return range(x.data.length / x.shape.at(-1)!).map((i) => row(x, i));
}

function dot(a: readonly number[], b: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/** @param unitOffset scales by 1 + weight */
export function rmsNorm(x: Plain, weight: Plain | undefined, epsilon: number, unitOffset = false): number[] {
  return rows(x).flatMap((values) => {
    const rms = Math.sqrt(dot(values, values) / values.length + epsilon);
    return values.map((value, j) => (value / rms) * ((weight?.data[j] ?? 1) + Number(unitOffset)));
  });
}

export function layerNorm(x: Plain, weight: Plain, epsilon: number): number[] {
  return rows(x).flatMap((values) => {
    const mean = sum(values) / values.length;
    const variance = sum(values.map((value) => (value - mean) ** 2)) / values.length;
    return values.map((value, j) => ((value - mean) / Math.sqrt(variance + epsilon)) * weight.data[j]!);
  });
}

export function linear(x: Plain, weight: Plain): number[] {
  const outputs = rows(weight);
  return rows(x).flatMap((values) => outputs.map((output) => dot(values, output)));
}

/** Rows from offsets[g] to before offsets[g + 1] by matrix g of a stack. */
export function groupedLinear(x: Plain, weight: Plain, offsets: readonly number[]): number[] {
  const out = weight.shape[1]!;
  const outputs = rows(weight); // of all matrices
  return rows(x).flatMap((values, i) => {
    const group = offsets.findLastIndex((begin) => begin <= i);
    return outputs.slice(group * out, (group + 1) * out).map((output) => dot(values, output));
  });
}

/** The k largest of each row, largest first. */
export function topK(x: Plain, k: number): number[] {
  return rows(x).flatMap((values) => values.toSorted((a, b) => b - a).slice(0, k));
}

/** The expert's rows that are before choice i, when choices are sorted by expert stably. */
function slotOf(choices: readonly number[], i: number): number {
  return choices.filter((other, j) => other < choices[i]! || (other === choices[i]! && j < i)).length;
}

/** Each token's row, times its weight, at the place of each of its choices. */
export function dispatch(x: Plain, choices: readonly number[], weights: Plain | undefined): number[] {
  const k = choices.length / rows(x).length;
  const sorted: number[][] = [];
  choices.forEach((_, i) => {
    sorted[slotOf(choices, i)] = row(x, Math.floor(i / k)).map((value) => value * (weights?.data[i] ?? 1));
  });
  return sorted.flat();
}

/** The sum of each token's k rows, times their weights. */
export function combine(x: Plain, choices: readonly number[], k: number, weights: Plain | undefined): number[] {
  return range(choices.length / k).flatMap((token) => {
    const mine = range(k).map((j) => token * k + j);
    return range(x.shape[1]!).map((c) =>
      sum(mine.map((i) => row(x, slotOf(choices, i))[c]! * (weights?.data[i] ?? 1))),
    );
  });
}

export function swiglu(gate: Plain, up: Plain): number[] {
  return Array.from(gate.data, (g, i) => (g / (1 + Math.exp(-g))) * up.data[i]!);
}

export function geglu(gate: Plain, up: Plain): number[] {
  return Array.from(gate.data, (g, i) => {
    const gelu = (g / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g ** 3)));
    return gelu * up.data[i]!;
  });
}

/** down(activation(gate(x)) · up(x)). */
export function feedForward(
  x: Plain,
  [gate, up, down]: readonly [Plain, Plain, Plain],
  gated: (gate: Plain, up: Plain) => number[],
): number[] {
  const projected = (weight: Plain): Plain => ({
    shape: [x.data.length / x.shape.at(-1)!, weight.shape[0]!],
    data: Float64Array.from(linear(x, weight)),
  });
  const gates = projected(gate);
  return linear({ shape: gates.shape, data: Float64Array.from(gated(gates, projected(up))) }, down);
}

export function softmax(x: Plain): number[] {
  return rows(x).flatMap((values) => {
    const largest = Math.max(...values);
    const total = sum(values.map((value) => Math.exp(value - largest)));
    return values.map((value) => Math.exp(value - largest) / total);
  });
}

export function sigmoid(x: Plain): number[] {
  return Array.from(x.data, (value) => 1 / (1 + Math.exp(-value)));
}

/** What is above so many standard deviations over a row's mean. */
export function gaussianTopK(x: Plain, deviations: number): number[] {
  return rows(x).flatMap((values) => {
    const mean = sum(values) / values.length;
    const deviation = Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / values.length);
    return values.map((value) => Math.max(0, value - (mean + deviations * deviation)));
  });
}

export function scalePositions(x: Plain, factors: Plain): number[] {
  const [, s, ...rest] = x.shape as [number, number];
  const size = (rest as number[]).reduce((product, length) => product * length, 1);
  return Array.from(x.data, (value, i) => value * factors.data[Math.floor(i / size) % s]!);
}

/** Multiplies each pair, as a complex number, by cos + i sin of its position. */
export function rope(x: Plain, cos: Plain, sin: Plain, interleaved: boolean): number[] {
  const [, s, heads] = x.shape as [number, number, number, number];
  const rotaryPairs = cos.shape[1]!;
  return rows(x).flatMap((values, index) => {
    const position = Math.floor(index / heads) % s;
    const rotated = [...values];
    for (let j = 0; j < rotaryPairs; j++) {
      const [re, im] = interleaved ? [2 * j, 2 * j + 1] : [j, j + rotaryPairs];
      const [c, d] = [cos.data[position * rotaryPairs + j]!, sin.data[position * rotaryPairs + j]!];
      rotated[re] = values[re]! * c - values[im]! * d;
      rotated[im] = values[re]! * d + values[im]! * c;
    }
    return rotated;
  });
}

type Visibility = {
  window?: number;
  chunk?: number;
  mask?: { predicate: (query: number, key: number) => boolean } | undefined;
};

/** Whether the query at a position sees the key at another. @param startOf where a position's document begins */
function isVisible(
  query: number,
  key: number,
  startOf: (position: number) => number,
  { window = 0, chunk = 0, mask }: Visibility,
): boolean {
  const start = startOf(query);
  if (startOf(key) !== start) return false;
  if (mask !== undefined) return mask.predicate(query - start, key - start);
  if (key > query) return false;
  if (window > 0 && query - key >= window) return false;
  return chunk === 0 || Math.floor(query / chunk) === Math.floor(key / chunk);
}

/** Attention, one output vector at a time. */
export function attention(
  q: Plain,
  k: Plain,
  v: Plain,
  options: { scale: number; softCap?: number } & Visibility,
  documentOffsets?: Plain,
): number[] {
  const [b, s, heads] = q.shape as [number, number, number, number];
  const [, sKv, kvHeads] = k.shape as [number, number, number, number];
  const [queries, keys, values] = [rows(q), rows(k), rows(v)];
  const cap = (score: number) =>
    options.softCap === undefined ? score : options.softCap * Math.tanh(score / options.softCap);
  return range(b * s * heads).flatMap((index) => {
    const [batch, i, head] = [Math.floor(index / heads / s), Math.floor(index / heads) % s, index % heads];
    const kvHead = Math.floor(head / (heads / kvHeads));
    const rowOf = (key: number) => (batch * sKv + key) * kvHeads + kvHead;
    const position = i + sKv - s;
    const startOf = (at: number) => documentOffsets?.data[batch! * sKv + at] ?? 0;
    const visible = range(sKv).filter((key) => isVisible(position, key, startOf, options));
    const scores = visible.map((key) => cap(dot(queries[index]!, keys[rowOf(key)]!) * options.scale));
    const largest = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - largest));
    const total = sum(weights);
    const seen = visible.map((key) => values[rowOf(key)]!);
    return range(v.shape[3]!).map((c) => seen.reduce((y, value, j) => y + (weights[j]! / total) * value[c]!, 0));
  });
}

export function embedding(weight: Plain, ids: Plain): number[] {
  return Array.from(ids.data).flatMap((id) => row(weight, id));
}

/** c tanh(s x Wᵀ / c), without a cap c s x Wᵀ: the logits of each row. */
function logitRows(x: Plain, weight: Plain, { scale = 1, softCap }: { scale?: number; softCap?: number }): number[][] {
  const outputs = rows(weight);
  return rows(x).map((values) =>
    outputs.map((output) => {
      const logit = scale * dot(values, output);
      return softCap === undefined ? logit : softCap * Math.tanh(logit / softCap);
    }),
  );
}

export function logits(x: Plain, weight: Plain, options: { scale?: number; softCap?: number }): number[] {
  return logitRows(x, weight, options).flat();
}

/** −ln softmax(logits)[target] of each row; 0 for a target of −1. */
export function tokenLosses(
  x: Plain,
  weight: Plain,
  targets: Plain,
  options: { scale?: number; softCap?: number },
): number[] {
  return logitRows(x, weight, options).map((scores, i) => {
    const target = targets.data[i]!;
    if (target === -1) return 0;
    const largest = Math.max(...scores);
    return largest + Math.log(sum(scores.map((logit) => Math.exp(logit - largest)))) - scores[target]!;
  });
}

export function linearCrossEntropy(
  x: Plain,
  weight: Plain,
  targets: Plain,
  options: { scale?: number; softCap?: number },
): number[] {
  const tokens = targets.data.filter((target) => target !== -1).length;
  return [sum(tokenLosses(x, weight, targets, options)) / Math.max(1, tokens)];
}

export function globalNorm(tensors: readonly Plain[]): number[] {
  return [Math.sqrt(sum(tensors.map(({ data }) => dot(Array.from(data), Array.from(data)))))];
}

/** Algorithm 2 of Loshchilov & Hutter 2017 for one parameter: the new parameter, first and second moment. */
export function adamW(
  [parameter, gradient, firstMoment, secondMoment]: readonly [Plain, Plain, Plain, Plain],
  options: {
    learningRate: number;
    learningRateFactor: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    step: number;
    gradientScale: number;
    weightDecay: number;
  },
): [number[], number[], number[]] {
  const { beta1, beta2, epsilon, step, gradientScale, weightDecay } = options;
  const learningRate = options.learningRate * options.learningRateFactor;
  const updated = Array.from(parameter.data, (p, i) => {
    const g = gradient.data[i]! * gradientScale;
    const m = beta1 * firstMoment.data[i]! + (1 - beta1) * g;
    const v = beta2 * secondMoment.data[i]! + (1 - beta2) * g * g;
    const adam = m / (1 - beta1 ** step) / (Math.sqrt(v / (1 - beta2 ** step)) + epsilon);
    return [p - learningRate * (adam + weightDecay * p), m, v] as const;
  });
  return [updated.map(([p]) => p), updated.map(([, m]) => m), updated.map(([, , v]) => v)];
}

const transposed = (matrix: readonly number[][]): number[][] =>
  matrix[0]!.map((_, j) => matrix.map((values) => values[j]!));

/** Muon's update of one matrix [rows, columns] or a stack of them, in float64: the new parameter and momentum. */
export function muon(
  [parameter, gradient, momentum]: readonly [Plain, Plain, Plain],
  options: { rate: number; weightDecay: number; momentum: number; gradientScale: number },
): [number[], number[]] {
  const [m, n] = parameter.shape.slice(-2) as [number, number];
  const size = m * n;
  const { rate, weightDecay, gradientScale, momentum: beta } = options;
  const next = Array.from(momentum.data, (mean, i) => beta * mean + (1 - beta) * gradientScale * gradient.data[i]!);
  const ahead = next.map((mean, i) => beta * mean + (1 - beta) * gradientScale * gradient.data[i]!);
  const times = (a: number[][], b: number[][]) =>
    a.map((terms) => b[0]!.map((_, j) => sum(terms.map((value, k) => value * b[k]![j]!))));
  const updated = range(parameter.data.length / size).flatMap((stack) => {
    const matrix = ahead.slice(stack * size, (stack + 1) * size);
    const norm = Math.max(1e-7, Math.sqrt(dot(matrix, matrix)));
    let x = range(m).map((i) => range(n).map((j) => matrix[i * n + j]! / norm));
    for (let step = 0; step < 5; step++) {
      const cube = times(times(x, transposed(x)), x); // X Xᵀ X
      const fifth = times(times(x, transposed(x)), cube);
      const stepped = (i: number, j: number) => 3.4445 * x[i]![j]! - 4.775 * cube[i]![j]! + 2.0315 * fifth[i]![j]!;
      x = range(m).map((i) => range(n).map((j) => stepped(i, j)));
    }
    return x.flat();
  });
  const factor = rate * 0.2 * Math.sqrt(Math.max(m, n));
  return [updated.map((x, i) => parameter.data[i]! * (1 - rate * weightDecay) - factor * x), next];
}

/** What makes an AltUp step's coefficients. */
export interface AltUpFormula {
  norm: Plain;
  weight: Plain;
  coefficients: Plain;
  clip: number;
  active: number;
  centered: boolean;
  epsilon: number;
  unitOffset: boolean;
}

/** Each row's coefficients, [n][rows of coefficients]. */
function altUpMixtures(x: Plain, { norm, weight, coefficients, ...options }: AltUpFormula): number[][] {
  const { clip, centered, epsilon, unitOffset } = options;
  const clipped = rows(coefficients).map((own) =>
    own.map((value) => (clip === 0 ? value : Math.max(-clip, Math.min(clip, value)))),
  );
  return rows(x).map((values) => {
    const mean = centered ? sum(values) / values.length : 0;
    const apart = values.map((value) => value - mean);
    const deviation = Math.sqrt(dot(apart, apart) / values.length + epsilon);
    const normed = apart.map((value, k) => (value / deviation) * (norm.data[k]! + Number(unitOffset)));
    const modalities = rows(weight).map((own) => Math.tanh(dot(normed, own) / values.length));
    return clipped.map((own) => dot(own, modalities));
  });
}

/** x_i + Σ_j c[i a + j] x_j of each row. */
export function altUpPredict(copies: readonly Plain[], router: AltUpFormula): number[][] {
  const own = altUpMixtures(copies[router.active]!, router);
  const d = copies[0]!.shape.at(-1)!;
  return copies.map((copy, i) =>
    Array.from(copy.data, (x, at) => {
      const factors = own[Math.floor(at / d)]!.slice(i * copies.length, (i + 1) * copies.length);
      return x + sum(copies.map(({ data }, j) => factors[j]! * data[at]!));
    }),
  );
}

/** x_i + (1 + c[i]) (output − x_active) of each row. */
export function altUpCorrect(predictions: readonly Plain[], output: Plain, router: AltUpFormula): number[][] {
  const own = altUpMixtures(output, router);
  const d = output.shape.at(-1)!;
  const { data: computed } = predictions[router.active]!;
  return predictions.map(({ data }, i) =>
    Array.from(data, (x, at) => x + (1 + own[Math.floor(at / d)]![i]!) * (output.data[at]! - computed[at]!)),
  );
}

/** Rows of x scaled to the root mean square of another's. */
export function matchMagnitudes(x: Plain, other: Plain, least: number): number[] {
  return rows(x).flatMap((values, i) => {
    const wanted = row(other, i);
    const ratio = Math.sqrt(dot(wanted, wanted) / Math.max(dot(values, values), least * values.length));
    return values.map((value) => ratio * value);
  });
}

/** The vectors of a layer in factorA · a + factorB · b. */
export function layerSlices(a: Plain, factorA: number, b: Plain, factorB: number, layers: number): number[][] {
  const p = a.shape.at(-1)! / layers;
  return range(layers).map((layer) =>
    range(a.data.length / layers).map((at) => {
      const from = (Math.floor(at / p) * layers + layer) * p + (at % p);
      return factorA * a.data[from]! + factorB * b.data[from]!;
    }),
  );
}

export function columnMeans(x: Plain): number[] {
  const all = rows(x);
  return range(x.shape.at(-1)!).map((j) => sum(all.map((values) => values[j]!)) / all.length);
}

export function logSumExp(x: Plain): number[] {
  return rows(x).map((values) => {
    const largest = Math.max(...values);
    return largest + Math.log(sum(values.map((value) => Math.exp(value - largest))));
  });
}

export function normalizeSum(x: Plain): number[] {
  return rows(x).flatMap((values) => values.map((value) => value / sum(values)));
}
