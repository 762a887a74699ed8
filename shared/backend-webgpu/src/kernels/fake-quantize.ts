/**
 * @file Values as number formats leave them: quantized to the nearest and decoded again, without the bytes in between. The numbers are those of
 * shared/quantization/src/formats, where each format is described; what is not explained here is there.
 *
 * Scales are fitted there in float64, which graphics processors have none of. Here they are in float32, so that of two that are as good the other one may
 * be chosen, and a value half way between two numbers of the format may become the other one.
 */
import {
  defineShader,
  EACH_ELEMENT,
  EACH_ROW,
  elementGroups,
  maxOf,
  ROW_THREADS,
  type Shader,
  spread,
} from '../shader.ts';
import { blockSizeOf, STORED_FORMATS } from '../stored-formats.ts';
import { asRows, expectFormat, type Kernels, tensor } from './kernel.ts';

/** y has bits, since WGSL knows no way to make what is no number. */
const BINDINGS = { x: 'f32', y: 'out i32' } as const;
type Bindings = keyof typeof BINDINGS;

/** What a value becomes that a format has no number for, with all of its block. */
const DECLARATIONS = `
const NO_NUMBER = 0x7fc00000;
fn isWithin(x: f32, largest: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u && abs(x) <= largest; }
/** Of finite numbers. */
fn toHalf(x: f32) -> f32 {
  let magnitude = abs(x);
  var half = round(magnitude * 16777216.0) * 5.9604644775390625e-8; // multiples of 2⁻²⁴
  if (magnitude >= 6.103515625e-5) {
    let bits = bitcast<u32>(magnitude);
    half = bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
  }
  return select(half, -half, x < 0.0);
}
/** The nearest integer, halves to the one above. */
fn nearestInteger(x: f32, least: f32, most: f32) -> f32 {
  let whole = floor(x);
  return clamp(whole + select(0.0, 1.0, x - whole >= 0.5), least, most);
}
fn inverseOf(scale: f32) -> f32 {
  if (scale == 0.0) { return 0.0; }
  return 1.0 / scale;
}
/** Without a sign where it is 0. */
fn put(place: u32, value: f32) { y[place] = select(bitcast<i32>(value), 0, value == 0.0); }
`;

/** `values`, of a group, and `fitScale()`: value ≈ scale · level by weighted least squares. Numbers are taken relative to the largest, as float32 has few exponents. */
const fitScale = (size: number, lowest: number, step: string, nearest: string): string => `
var<private> values: array<f32, ${size}>;
fn nearest(x: f32) -> f32 { ${nearest} }
fn fitScale() -> f32 {
  var extreme = 0.0;
  for (var i = 0u; i < ${size}u; i++) { if (abs(values[i]) > abs(extreme)) { extreme = values[i]; } }
  if (extreme == 0.0) { return 0.0; }
  var best = 0.0;
  var smallest = 3.4e38;
  for (var k = -9; k <= 9; k++) {
    let inverse = ${lowest}.0 + f32(k) * ${step};
    var products = 0.0;
    var squares = 0.0;
    for (var i = 0u; i < ${size}u; i++) {
      let value = values[i] / extreme;
      let weighted = value * value * nearest(value * inverse);
      products += weighted * value;
      squares += weighted * nearest(value * inverse);
    }
    if (squares == 0.0) { continue; }
    let scale = products / squares;
    // The error itself, as what a scale explains differs by less than float32 tells.
    var error = 0.0;
    for (var i = 0u; i < ${size}u; i++) {
      let value = values[i] / extreme;
      let difference = value - scale * nearest(value * inverse);
      error += value * value * difference * difference;
    }
    if (error < smallest) {
      best = scale;
      smallest = error;
    }
  }
  return best * extreme;
}
`;

/** `values`, and `fitScaleAndMinimum()`: value ≈ scale · integer − minimum; values near 0 count 1 / `oneOf`. */
const fitScaleAndMinimum = (size: number, most: number, oneOf: number): string => `
var<private> values: array<f32, ${size}>;
fn fitScaleAndMinimum() -> vec2f {
  var low = 0.0;
  var high = values[0];
  for (var i = 0u; i < ${size}u; i++) {
    low = min(low, values[i]);
    high = max(high, values[i]);
  }
  if (high <= low) { return vec2f(0.0, -low); }
  let unit = max(high, -low);
  low /= unit;
  high /= unit;
  var square = 0.0;
  for (var i = 0u; i < ${size}u; i++) { square += (values[i] / unit) * (values[i] / unit); }
  let least = sqrt(square / ${size}.0) / ${oneOf}.0;
  var w = 0.0;
  var x = 0.0;
  var xx = 0.0;
  for (var i = 0u; i < ${size}u; i++) {
    let value = values[i] / unit;
    let weight = abs(value) + least;
    w += weight;
    x += weight * value;
    xx += weight * value * value;
  }
  var best = vec2f(0.0, -low);
  var smallest = 3.4e38;
  for (var k = -10; k <= 10; k++) {
    let inverse = (${most}.0 + f32(k) / 10.0) / (high - low);
    var q = 0.0;
    var xq = 0.0;
    var qq = 0.0;
    for (var i = 0u; i < ${size}u; i++) {
      let value = values[i] / unit;
      let weight = abs(value) + least;
      let integer = nearestInteger((value - low) * inverse, 0.0, ${most}.0);
      q += weight * integer;
      xq += weight * value * integer;
      qq += weight * integer * integer;
    }
    let determinant = w * qq - q * q;
    var fitted = vec2f(1.0 / inverse, -low);
    if (determinant > 1e-6 * w * qq) {
      let scale = (w * xq - x * q) / determinant;
      let above = (q * scale - x) / w;
      fitted = select(vec2f(xq / qq, 0.0), vec2f(scale, above), above >= 0.0);
    }
    // Σ weight (scale · integer − minimum − value)²
    var error = 0.0;
    for (var i = 0u; i < ${size}u; i++) {
      let value = values[i] / unit;
      let difference = fitted.x * nearestInteger((value - low) * inverse, 0.0, ${most}.0) - fitted.y - value;
      error += (abs(value) + least) * difference * difference;
    }
    if (error < smallest) {
      best = fitted;
      smallest = error;
    }
  }
  return best * unit;
}
`;

interface BlockRounding {
  /** Threads of a block, each of which has a group of its values. */
  threads: number;
  declarations: (size: number) => string;
  /** Of a group: what it needs of `values`, and of the other groups. */
  prepare: string;
  /** What becomes of a `value`. */
  result: string;
}

const integerBetween = (lowest: number, highest: number): string =>
  `return nearestInteger(x, ${lowest}.0, ${highest}.0);`;

const symmetric = (bits: number): BlockRounding => ({
  threads: 1,
  declarations: (size) =>
    fitScale(size, -(2 ** (bits - 1)), '0.1', integerBetween(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)),
  prepare: 'let scale = toHalf(fitScale()); if (scale == 0.0) { isZero = true; }',
  result: 'scale * nearest(value / scale)',
});

/** Statements for `low` and `high`, beginning with a number. */
const range = (first: string): string => `
  var low = ${first};
  var high = ${first};
  for (var i = 0u; i < SIZE; i++) {
    low = min(low, values[i]);
    high = max(high, values[i]);
  }
`;
const ONLY_VALUES = (size: number): string => `var<private> values: array<f32, ${size}>;`;

const asymmetric = (bits: number): BlockRounding => ({
  threads: 1,
  declarations: ONLY_VALUES,
  prepare: `${range('0.0')}
  let scale = toHalf((high - low) / ${2 ** bits - 1}.0);
  if (scale == 0.0) { isZero = true; }
  let zero = nearestInteger(-low / scale, 0.0, ${2 ** bits - 1}.0);
`,
  result: `scale * (nearestInteger(zero + value / scale, 0.0, ${2 ** bits - 1}.0) - zero)`,
});

const LARGEST =
  'var extreme = 0.0; for (var i = 0u; i < SIZE; i++) { if (abs(values[i]) > abs(extreme)) { extreme = values[i]; } }';

const WITH_0 = (bits: number): BlockRounding => ({
  threads: 1,
  declarations: ONLY_VALUES,
  prepare: `${LARGEST}
  let scale = extreme / ${-(2 ** (bits - 1))}.0;
  let inverse = inverseOf(scale);
  let step = toHalf(scale);
`,
  result: `step * (floor(clamp(value * inverse + ${2 ** (bits - 1)}.5, 0.0, ${2 ** bits - 1}.0)) - ${2 ** (bits - 1)}.0)`,
});

const WITH_1 = (bits: number): BlockRounding => ({
  threads: 1,
  declarations: ONLY_VALUES,
  prepare: `${range('values[0]')}
  let scale = (high - low) / ${2 ** bits - 1}.0;
  let inverse = inverseOf(scale);
  let step = toHalf(scale);
  let offset = toHalf(low);
`,
  result: `step * floor(clamp((value - low) * inverse + 0.5, 0.0, ${2 ** bits - 1}.0)) + offset`,
});

/** Integers, and scales, from their lowest on. */
const signedGroups = (lowest: number, lowestScale: number): BlockRounding => ({
  threads: 16,
  declarations: (size) => `${fitScale(size, lowest, '0.1', integerBetween(lowest, -lowest - 1))}
var<workgroup> fitted: array<f32, 16>;
`,
  prepare: `
  fitted[lane] = fitScale();
  workgroupBarrier();
  var extreme = 0.0;
  for (var i = 0u; i < 16u; i++) { if (abs(fitted[i]) > abs(extreme)) { extreme = fitted[i]; } }
  let d = toHalf(extreme / ${lowestScale}.0);
  let step = d * nearestInteger(fitted[lane] * inverseOf(d), ${lowestScale}.0, ${-lowestScale - 1}.0);
  if (step == 0.0) { isZero = true; }
`,
  result: 'step * nearest(value / step)',
});

/** Integers up to `most`, scales and minima up to `mostScale`. */
const groupsWithMinima = (threads: number, most: number, mostScale: number, oneOf: number): BlockRounding => ({
  threads,
  declarations: (size) => `${fitScaleAndMinimum(size, most, oneOf)}
var<workgroup> fitted: array<vec2f, ${threads}>;
`,
  prepare: `
  fitted[lane] = fitScaleAndMinimum();
  workgroupBarrier();
  var largest = fitted[0];
  for (var i = 1u; i < ${threads}u; i++) { largest = max(largest, fitted[i]); }
  let d = vec2f(toHalf(largest.x / ${mostScale}.0), toHalf(largest.y / ${mostScale}.0));
  let step = d.x * nearestInteger(fitted[lane].x * inverseOf(d.x), 0.0, ${mostScale}.0);
  let minimum = d.y * nearestInteger(fitted[lane].y * inverseOf(d.y), 0.0, ${mostScale}.0);
`,
  result: `step * nearestInteger((value + minimum) * inverseOf(step), 0.0, ${most}.0) - minimum`,
});

const IQ4_NL: BlockRounding = {
  threads: 1,
  declarations: (size) => `
const LEVELS = array<f32, 16>(
  -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0, 89.0, 113.0,
);
${fitScale(
  size,
  -127,
  '1.0',
  `
  var level = LEVELS[0];
  for (var i = 0u; i < 15u; i++) { if (x - LEVELS[i] > LEVELS[i + 1u] - x) { level = LEVELS[i + 1u]; } }
  return level;`,
)}`,
  prepare: 'let scale = toHalf(fitScale()); let inverse = inverseOf(scale);',
  result: 'scale * nearest(value * inverse)',
};

const Q8_0: BlockRounding = {
  threads: 1,
  declarations: ONLY_VALUES,
  prepare: `${LARGEST}
  let scale = abs(extreme) / 127.0;
  let inverse = inverseOf(scale);
  let step = toHalf(scale);
`,
  result: 'step * sign(value) * nearestInteger(abs(value * inverse), 0.0, 127.0)',
};

const BLOCKS: Readonly<Record<string, BlockRounding>> = {
  ...Object.fromEntries(
    [8, 4, 3, 2].flatMap((bits) =>
      [32, 128].flatMap((size) => [
        [`int${bits}-g${size}`, symmetric(bits)],
        [`int${bits}-g${size}-asymmetric`, asymmetric(bits)],
      ]),
    ),
  ),
  Q8_0,
  Q5_1: WITH_1(5),
  Q5_0: WITH_0(5),
  Q4_1: WITH_1(4),
  Q4_0: WITH_0(4),
  IQ4_NL,
  Q6_K: signedGroups(-32, -128),
  Q5_K: groupsWithMinima(8, 31, 63, 1),
  Q4_K: groupsWithMinima(8, 15, 63, 1),
  Q3_K: signedGroups(-4, -32),
  Q2_K: groupsWithMinima(16, 3, 15, 16),
};

/** Workgroups have a block each, or where a block has one thread, as many as they have threads. */
function roundBlocks(format: string, { threads, declarations, prepare, result }: BlockRounding): Shader<Bindings, 'n'> {
  const size = blockSizeOf(format) / threads;
  const isAlone = threads === 1;
  const workgroup = isAlone ? ROW_THREADS : threads;
  return defineShader({
    name: `fake quantization to ${format}`,
    bindings: BINDINGS,
    parameters: { n: 'u32' },
    workgroupSize: [workgroup, 1],
    declarations: `const SIZE = ${size}u;
${DECLARATIONS}
${declarations(size)}
${isAlone ? '' : `var<workgroup> isUnfit: array<u32, ${threads}>;`}`,
    body: `
  let number = group.x + group.y * groups.x;
  ${isAlone ? `let piece = number * ${workgroup}u + lane; if (piece >= parameters.n) { return; }` : `if (number >= parameters.n) { return; } let piece = number * ${threads}u + lane;`}
  let first = piece * SIZE;
  var isFit = true;
  for (var i = 0u; i < SIZE; i++) {
    let value = x[first + i];
    isFit = isFit && isWithin(value, 65504.0);
    values[i] = value;
  }
  ${
    isAlone
      ? ''
      : `
  isUnfit[lane] = select(1u, 0u, isFit);
  workgroupBarrier();
  for (var i = 0u; i < ${threads}u; i++) { isFit = isFit && isUnfit[i] == 0u; }`
  }
  var isZero = false; // of which nothing is left
  ${prepare}
  for (var i = 0u; i < SIZE; i++) {
    let value = values[i];
    var rounded = 0.0;
    if (!isZero) { rounded = ${result}; }
    put(first + i, rounded);
    if (!isFit) { y[first + i] = NO_NUMBER; }
  }
`,
  });
}

/** Each number by itself: `value` by its bits. */
const roundNumbers = (format: 'f32' | 'f16' | 'bf16'): Shader<Bindings, 'size'> =>
  defineShader({
    name: `fake quantization to ${format}`,
    bindings: BINDINGS,
    parameters: { size: 'u32' },
    declarations: DECLARATIONS,
    body: `${EACH_ELEMENT}
  let bits = bitcast<u32>(x[i]);
  ${
    {
      f32: 'y[i] = bitcast<i32>(bits);',
      bf16: `
  y[i] = bitcast<i32>((bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u); // halves to even
  if (!isWithin(x[i], 3.3895313892515355e38)) { y[i] = NO_NUMBER; }`,
      f16: `
  y[i] = bitcast<i32>(bitcast<u32>(toHalf(abs(x[i]))) | (bits & 0x80000000u));
  if (!isWithin(x[i], 65504.0)) { y[i] = NO_NUMBER; }`,
    }[format]
  }
`,
  });

/** A row of int8, whose scale is a float32. */
const roundInt8 = defineShader({
  name: 'fake quantization to int8',
  bindings: BINDINGS,
  parameters: { n: 'u32', d: 'u32' },
  workgroupSize: [ROW_THREADS, 1],
  declarations: `${DECLARATIONS}${maxOf(ROW_THREADS)}`,
  body: `${EACH_ROW}
  let first = row * parameters.d;
  var largest = 0.0;
  var isUnfit = 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    largest = max(largest, abs(x[first + j]));
    if (!isWithin(x[first + j], 3.4028234663852886e38)) { isUnfit = 1.0; }
  }
  let scale = maxOf(largest, lane) / 127.0;
  let anyUnfit = maxOf(isUnfit, lane) > 0.0;
  for (var j = lane; j < parameters.d; j += ${ROW_THREADS}u) {
    var rounded = 0.0;
    if (scale >= 1.17549435e-38) { rounded = scale * sign(x[first + j]) * nearestInteger(abs(x[first + j]) / scale, 0.0, 127.0); }
    put(first + j, rounded);
    if (anyUnfit) { y[first + j] = NO_NUMBER; }
  }
`,
});

const numbers = { f32: roundNumbers('f32'), f16: roundNumbers('f16'), bf16: roundNumbers('bf16') };
const blocks = new Map(Object.entries(BLOCKS).map(([format, rounding]) => [format, roundBlocks(format, rounding)]));

export const fakeQuantizeKernels: Kernels = {
  /** x [..., d] → what it is when it is stored in the format and read again, [..., d] */
  FakeQuantize({ inputs, attrs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const format = expectFormat(attrs['format'], STORED_FORMATS);
    const size = blockSizeOf(format);
    if (d % size !== 0) throw new TypeError(`rows of ${d} are no whole number of ${format}'s blocks of ${size}`);
    const y = backend.output(x.shape);
    const shader = blocks.get(format);
    if (shader !== undefined) {
      const count = (n * d) / size;
      const workgroups = BLOCKS[format]!.threads === 1 ? Math.ceil(count / ROW_THREADS) : count;
      shader(backend, { x, y }, { n: count }, spread(workgroups));
    } else if (format === 'int8') {
      roundInt8(backend, { x, y }, { n, d }, spread(n));
    } else {
      numbers[format as keyof typeof numbers](backend, { x, y }, { size: n * d }, elementGroups(n * d));
    }
    return y;
  },
};
