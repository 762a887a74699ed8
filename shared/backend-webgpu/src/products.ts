/** @file Products of matrices, cut into tiles that the threads of a workgroup share. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from './backend.ts';
import { enablesOf, factorDeclarations, type Operand, overflowBinding, type OverflowBinding } from './operand.ts';
import { defineShader, ROW_THREADS, type Shader, sumOf } from './shader.ts';
import { SIDE, TILE, tileDeclarations, tileProduct } from './tile.ts';

/** Which of the factors is stored as its transpose, and what becomes of the product. */
interface Variant {
  transposeA: boolean;
  transposeB: boolean;
  /** Written, added to what is there, or written with something else added. */
  result: 'write' | 'accumulate' | 'add';
  operand: Operand;
  /** Of stacks of matrices, which have no gaps: each of the one with each of the other. */
  isStacked: boolean;
}

type Bindings = 'a' | 'b' | 'y' | 'residual' | OverflowBinding;
type Parameters = 'm' | 'n' | 'k' | 'aFirst' | 'bFirst' | 'yFirst';

function tiled({ transposeA, transposeB, result, operand, isStacked }: Variant): Shader<Bindings, Parameters> {
  const placeOf = (rows: string, columns: string) =>
    isStacked ? ` + matrix * parameters.${rows} * parameters.${columns}` : '';
  return defineShader({
    name: `product ${transposeA} ${transposeB} ${result} ${operand}${isStacked ? ' stacked' : ''}`,
    enables: enablesOf(operand),
    bindings: {
      a: 'f32',
      b: 'f32',
      y: result === 'accumulate' ? 'in-out f32' : 'out f32',
      residual: 'f32',
      ...overflowBinding(operand),
    },
    parameters: { m: 'u32', n: 'u32', k: 'u32', aFirst: 'u32', bFirst: 'u32', yFirst: 'u32' },
    workgroupSize: [SIDE, SIDE],
    declarations: `
${tileDeclarations(operand)}
${isStacked ? 'var<private> matrix: u32;' : ''}
fn aAt(row: u32, term: u32) -> f32 {
  if (row >= parameters.m || term >= parameters.k) { return 0.0; }
  return a[parameters.aFirst${placeOf('m', 'k')} + ${transposeA ? 'term * parameters.m + row' : 'row * parameters.k + term'}];
}
fn bAt(term: u32, column: u32) -> f32 {
  if (column >= parameters.n || term >= parameters.k) { return 0.0; }
  return b[parameters.bFirst${placeOf('k', 'n')} + ${transposeB ? 'column * parameters.k + term' : 'term * parameters.n + column'}];
}
fn write(row: u32, column: u32, sum: f32) {
  if (row >= parameters.m || column >= parameters.n) { return; }
  let place = parameters.yFirst${placeOf('m', 'n')} + row * parameters.n + column;
  y[place] = sum${{ write: '', accumulate: ' + y[place]', add: ' + residual[place]' }[result]};
}
`,
    body: `
  ${isStacked ? 'matrix = group.z;' : ''}
  let firstRow = group.y * TILE;
  let firstColumn = group.x * TILE;
  ${tileProduct('0u', 'parameters.k', { transposeA, transposeB })}
`,
  });
}

/** Rows up to which a product is one of vectors: a tile of them would be mostly empty. */
const FEW_ROWS = 8;

/** Products of few rows with the rows of a matrix [n, k], as in generation: a workgroup reads each of these once, for all. */
function ofFewRows(result: 'write' | 'add', operand: Operand): Shader<Bindings, Parameters> {
  return defineShader({
    name: `product of few rows ${result} ${operand}`,
    enables: enablesOf(operand),
    bindings: { a: 'f32', b: 'f32', y: 'out f32', residual: 'f32', ...overflowBinding(operand) },
    parameters: { m: 'u32', n: 'u32', k: 'u32', aFirst: 'u32', bFirst: 'u32', yFirst: 'u32' },
    workgroupSize: [ROW_THREADS, 1],
    declarations: factorDeclarations(operand) + sumOf(ROW_THREADS),
    body: `
  let column = group.x + group.y * groups.x;
  if (column >= parameters.n) { return; }
  var sums: array<f32, ${FEW_ROWS}>;
  for (var term = lane; term < parameters.k; term += ${ROW_THREADS}u) {
    let weight = f32(rounded(b[parameters.bFirst + column * parameters.k + term]));
    for (var row = 0u; row < parameters.m; row++) {
      sums[row] = fma(f32(rounded(a[parameters.aFirst + row * parameters.k + term])), weight, sums[row]);
    }
  }
  for (var row = 0u; row < parameters.m; row++) {
    let sum = sumOf(sums[row], lane);
    let place = parameters.yFirst + row * parameters.n + column;
    if (lane == 0u) { y[place] = sum${result === 'add' ? ' + residual[place]' : ''}; }
  }
`,
  });
}

const shaders = new Map<string, Shader<Bindings, Parameters>>();

function shaderOf(key: string, make: () => Shader<Bindings, Parameters>): Shader<Bindings, Parameters> {
  let shader = shaders.get(key);
  if (shader === undefined) shaders.set(key, (shader = make()));
  return shader;
}

export interface Product {
  /** [m, k], or with `transposeA` [k, m]. */
  a: TensorInfo;
  /** [k, n], or with `transposeB` [n, k]. */
  b: TensorInfo;
  /** [m, n]. */
  y: TensorInfo;
  m: number;
  n: number;
  k: number;
  /** How many matrices a, b and y each are a stack of; one by default. */
  count?: number;
  transposeA?: boolean;
  transposeB?: boolean;
  /** What is in y is added to. */
  accumulate?: boolean;
  /** [m, n], which is added. */
  residual?: TensorInfo | undefined;
  /** How many elements come before those which are meant. */
  aFirst?: number;
  bFirst?: number;
  yFirst?: number;
}

/** y = a b, of what the backend rounds factors to; sums are float32. */
export function multiply(
  backend: WebGpuBackend,
  {
    a,
    b,
    y,
    m,
    n,
    k,
    count = 1,
    transposeA = false,
    transposeB = false,
    accumulate = false,
    residual,
    ...places
  }: Product,
): void {
  if (m === 0 || n === 0) return;
  const { aFirst = 0, bFirst = 0, yFirst = 0 } = places;
  const result = accumulate ? 'accumulate' : residual === undefined ? 'write' : 'add';
  const { operand, overflow = a } = backend;
  const tensors = { a, b, y, residual: residual ?? a, overflow }; // something has to be bound
  const parameters = { m, n, k, aFirst, bFirst, yFirst };
  const isStacked = count > 1;
  if (!isStacked && m <= FEW_ROWS && !transposeA && transposeB && result !== 'accumulate') {
    const shader = shaderOf(`few ${result} ${operand}`, () => ofFewRows(result, operand));
    shader(backend, tensors, parameters, spreadColumns(n));
    return;
  }
  const shader = shaderOf(`${transposeA} ${transposeB} ${result} ${operand} ${isStacked}`, () =>
    tiled({ transposeA, transposeB, result, operand, isStacked }),
  );
  shader(backend, tensors, parameters, [Math.ceil(n / TILE), Math.ceil(m / TILE), count]);
}

function spreadColumns(n: number): [number, number] {
  const y = Math.ceil(n / 32_768);
  return [Math.ceil(n / y), y];
}
