/**
 * @file Products with matrices as they are stored, which are decoded while they are multiplied with. A row's result has the same bits whatever other
 * rows a call has: whether few rows are multiplied or many, sums have one order. The terms of a sum go to eight parts, four neighbours at a time in
 * turn; each part is summed in the terms' order, and then the parts in theirs.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from './backend.ts';
import { type Binding, defineShader, type Shader, spread } from './shader.ts';
import { declareFourOf } from './stored-formats.ts';

/** Parts of a sum, and terms that a part gets at a time. */
const PARTS = 8;
const FOUR = 4;
const STEP = PARTS * FOUR;

/** What a product is written to: as it is, onto what is there, or with something else added. */
type Result = 'write' | 'accumulate' | 'add';

const PARAMETERS = {
  m: 'u32',
  n: 'u32',
  k: 'u32',
  rows: 'u32',
  columns: 'u32',
  groupCount: 'u32',
  aFirst: 'u32',
  yFirst: 'u32',
} as const;
type Parameters = keyof typeof PARAMETERS;
type Bindings = 'a' | 'words' | 'y' | 'residual' | 'offsets';
type Product = Shader<Bindings, Parameters>;

interface Variant {
  format: string;
  result: Result;
  /** Whether rows have a matrix of a stack for each group. */
  isGrouped: boolean;
}

const statements = (count: number, statement: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => statement(i)).join('\n');

const bindingsOf = ({ result, isGrouped }: Variant) =>
  ({
    a: 'f32',
    words: 'u32',
    y: result === 'accumulate' ? 'in-out f32' : 'out f32',
    ...(result === 'add' ? { residual: 'f32' } : {}),
    ...(isGrouped ? { offsets: 'i32' } : {}),
  }) as Record<Bindings, Binding>;

const declarationsOf = ({ format, result }: Variant): string => `
${declareFourOf(format)}
fn write(row: u32, column: u32, sum: f32) {
  let place = parameters.yFirst + row * parameters.n + column;
  y[place] = sum${{ write: '', accumulate: ' + y[place]', add: ' + residual[place]' }[result]};
}
`;

/** Columns of a workgroup of {@link ofFewRows}, each of which as many threads have as a sum has parts. */
const COLUMNS = 8;

/** Rows up to which each weight is read for all of them, by workgroups that have {@link COLUMNS} columns of the product each. */
const MOST_FEW_ROWS = 8;

/** Of `count` rows, of which there may be fewer; of groups, a workgroup has one. */
function ofFewRows(variant: Variant, count: number): Product {
  const { format, result, isGrouped } = variant;
  return defineShader({
    name: `stored ${format} ${result} ${isGrouped}, ${count} rows`,
    bindings: bindingsOf(variant),
    parameters: PARAMETERS,
    workgroupSize: [COLUMNS * PARTS, 1],
    declarations: `${declarationsOf(variant)}
var<workgroup> parts: array<f32, ${COLUMNS * PARTS * count}>;
fn fourOfA(row: u32, term: u32) -> vec4f {
  if (row >= parameters.m) { return vec4f(); }
  let at = parameters.aFirst + row * parameters.k + term;
  let four = vec4f(a[at], a[at + 1u], a[at + 2u], a[at + 3u]);
  return select(vec4f(), four, vec4u(term, term + 1u, term + 2u, term + 3u) < vec4u(parameters.k));
}
`,
    body: `
  let column = (group.x + group.y * groups.x) * ${COLUMNS}u + lane / ${PARTS}u;
  let firstRow = group.z * ${count}u;
  var firstOfMatrix = 0u;
  ${
    isGrouped
      ? `
  for (var expert = 0u; expert < parameters.groupCount; expert++) {
    if (i32(firstRow) < offsets[expert + 1u]) { break; }
    firstOfMatrix += parameters.n;
  }`
      : ''
  }
  ${statements(count, (row) => `var sum${row} = 0.0;`)}
  for (var first = 0u; first < parameters.k; first += ${STEP}u) {
    let term = first + ${FOUR}u * (lane % ${PARTS}u);
    var four = vec4f();
    if (column < parameters.n) { four = fourOf(firstOfMatrix + column, term); }
    ${statements(count, (row) => `let left${row} = fourOfA(firstRow + ${row}u, term);`)}
    for (var i = 0u; i < ${FOUR}u; i++) {
      ${statements(count, (row) => `sum${row} = fma(left${row}[i], four[i], sum${row});`)}
    }
  }
  ${statements(count, (row) => `parts[${row * COLUMNS * PARTS}u + lane] = sum${row};`)}
  workgroupBarrier();
  let row = lane % ${PARTS}u;
  if (row < ${count}u && firstRow + row < parameters.m && column < parameters.n) {
    let firstPart = row * ${COLUMNS * PARTS}u + lane / ${PARTS}u * ${PARTS}u;
    var total = 0.0;
    for (var part = 0u; part < ${PARTS}u; part++) { total += parts[firstPart + part]; }
    write(firstRow + row, column, total);
  }
`,
  });
}

/** Rows and columns of a workgroup's tile; a thread has so many of each, for one part of the sums. */
const SIDE = 32;
const ROWS = 8;
const TILE_COLUMNS = 4;
/** Beside each other in memory, so that threads that write a column write to different banks. */
const PITCH = SIDE + 1;
const TILE_THREADS = (SIDE * SIDE * PARTS) / (ROWS * TILE_COLUMNS);

/**
 * Of many rows.
 *
 * @param isBackward whether what is multiplied with is the matrix, and not its transpose: y = a W in place of a Wᵀ
 */
function tiled(variant: Variant, isBackward: boolean): Product {
  const { format, result, isGrouped } = variant;
  return defineShader({
    name: `stored ${format} ${result} ${isGrouped}, tile ${isBackward}`,
    bindings: bindingsOf(variant),
    parameters: PARAMETERS,
    workgroupSize: [TILE_THREADS, 1],
    declarations: `${declarationsOf(variant)}
var<workgroup> rowsOfA: array<f32, ${PITCH * STEP}>;
var<workgroup> columnsOfB: array<f32, ${PITCH * STEP}>;
`,
    body: `
  let firstColumn = group.x * ${SIDE}u;
  var firstRow = group.y * ${SIDE}u;
  var endOfRows = parameters.m;
  var firstOfMatrix = 0u;
  ${
    isGrouped
      ? `
  // The group that this tile is of, and which of its tiles it is.
  var expert = 0u;
  var before = 0u;
  for (; expert < parameters.groupCount; expert++) {
    let tiles = (u32(offsets[expert + 1u] - offsets[expert]) + ${SIDE - 1}u) / ${SIDE}u;
    if (group.y < before + tiles) { break; }
    before += tiles;
  }
  if (expert == parameters.groupCount) { return; }
  firstRow = u32(offsets[expert]) + (group.y - before) * ${SIDE}u;
  endOfRows = u32(offsets[expert + 1u]);
  firstOfMatrix = expert * ${isBackward ? 'parameters.k' : 'parameters.n'};`
      : ''
  }
  let part = lane / ${TILE_THREADS / PARTS}u;
  let threadRow = lane / ${SIDE / TILE_COLUMNS}u % ${SIDE / ROWS}u * ${ROWS}u;
  let threadColumn = lane % ${SIDE / TILE_COLUMNS}u;
  ${statements(ROWS, (i) => statements(TILE_COLUMNS, (j) => `var sum${i}${j} = 0.0;`))}
  let line = lane / ${PARTS}u;
  let quad = lane % ${PARTS}u * ${FOUR}u;
  for (var first = 0u; first < parameters.k; first += ${STEP}u) {
    for (var i = 0u; i < ${FOUR}u; i++) {
      var value = 0.0;
      let term = first + quad + i;
      if (firstRow + line < endOfRows && term < parameters.k) {
        value = a[parameters.aFirst + (firstRow + line) * parameters.k + term];
      }
      rowsOfA[(quad + i) * ${PITCH}u + line] = value;
    }
    var four = vec4f();
    ${
      isBackward
        ? `
    if (first + line < parameters.k) { four = fourOf(firstOfMatrix + first + line, firstColumn + quad); }
    for (var i = 0u; i < ${FOUR}u; i++) { columnsOfB[line * ${PITCH}u + quad + i] = four[i]; }`
        : `
    if (firstColumn + line < parameters.n) { four = fourOf(firstOfMatrix + firstColumn + line, first + quad); }
    for (var i = 0u; i < ${FOUR}u; i++) { columnsOfB[(quad + i) * ${PITCH}u + line] = four[i]; }`
    }
    workgroupBarrier();
    for (var i = 0u; i < ${FOUR}u; i++) {
      let term = (part * ${FOUR}u + i) * ${PITCH}u;
      ${statements(ROWS, (i) => `let left${i} = rowsOfA[term + threadRow + ${i}u];`)}
      ${statements(TILE_COLUMNS, (j) => `let right${j} = columnsOfB[term + threadColumn + ${j * (SIDE / TILE_COLUMNS)}u];`)}
      ${statements(ROWS, (i) => statements(TILE_COLUMNS, (j) => `sum${i}${j} = fma(left${i}, right${j}, sum${i}${j});`))}
    }
    workgroupBarrier();
  }
  for (var i = lane; i < ${SIDE * SIDE}u; i += ${TILE_THREADS}u) { rowsOfA[i] = 0.0; }
  workgroupBarrier();
  for (var next = 0u; next < ${PARTS}u; next++) {
    if (part == next) {
      let place = threadRow * ${SIDE}u + threadColumn;
      ${statements(ROWS, (i) =>
        statements(TILE_COLUMNS, (j) => `rowsOfA[place + ${i * SIDE + j * (SIDE / TILE_COLUMNS)}u] += sum${i}${j};`),
      )}
    }
    workgroupBarrier();
  }
  for (var i = lane; i < ${SIDE * SIDE}u; i += ${TILE_THREADS}u) {
    let row = firstRow + i / ${SIDE}u;
    let column = firstColumn + i % ${SIDE}u;
    if (row < endOfRows && column < parameters.n) { write(row, column, rowsOfA[i]); }
  }
`,
  });
}

const shaders = new Map<string, Product>();

function shaderOf(key: string, make: () => Product): Product {
  let shader = shaders.get(key);
  if (shader === undefined) shaders.set(key, (shader = make()));
  return shader;
}

/** A matrix [out, in] in a format, or a stack of them. */
export interface Stored {
  format: string;
  words: TensorInfo;
  out: number;
  input: number;
}

/** Rows that are sorted by group, each of which has a matrix of a stack. */
export interface Groups {
  /** int32 [count + 1] */
  offsets: TensorInfo;
  count: number;
}

export interface StoredProduct {
  /** [m, in], or backward [m, out]. */
  a: TensorInfo;
  m: number;
  matrix: Stored;
  groups?: Groups | undefined;
  /** y = a W in place of a Wᵀ. */
  isBackward?: boolean;
  /** [m, out], or backward [m, in]. */
  y: TensorInfo;
  /** What is in y is added to. */
  accumulate?: boolean;
  /** Of y's shape, which is added. */
  residual?: TensorInfo | undefined;
  /** How many elements come before those which are meant. */
  aFirst?: number;
  yFirst?: number;
}

/** y = a Wᵀ, or a W, of a stored matrix W. */
export function multiplyStored(
  backend: WebGpuBackend,
  { a, m, matrix, groups, isBackward = false, y, accumulate = false, residual, aFirst = 0, yFirst = 0 }: StoredProduct,
): void {
  const { format, words, out, input } = matrix;
  const [n, k] = isBackward ? [input, out] : [out, input];
  if (m === 0 || n === 0) return;
  const result = accumulate ? 'accumulate' : residual === undefined ? 'write' : 'add';
  const variant = { format, result, isGrouped: groups !== undefined } as const;
  const tensors = { a, words, y, residual: residual ?? a, offsets: groups?.offsets ?? a };
  const groupCount = groups?.count ?? 1;
  const parameters = { m, n, k, rows: out * groupCount, columns: input, groupCount, aFirst, yFirst };
  const key = `${format} ${result} ${variant.isGrouped}`;
  if (m <= MOST_FEW_ROWS && !isBackward) {
    const count = variant.isGrouped ? 1 : 2 ** Math.ceil(Math.log2(m));
    const shader = shaderOf(`${key} ${count}`, () => ofFewRows(variant, count));
    shader(backend, tensors, parameters, [...spread(Math.ceil(n / COLUMNS)), Math.ceil(m / count)]);
    return;
  }
  const shader = shaderOf(`${key} ${isBackward}`, () => tiled(variant, isBackward));
  const rowTiles = Math.ceil(m / SIDE) + (variant.isGrouped ? groupCount : 0);
  shader(backend, tensors, parameters, [Math.ceil(n / SIDE), rowTiles]);
}
