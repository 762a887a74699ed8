/** @file Linear layers of which each group of rows has its own: the experts of a mixture. How many rows a group has, the device alone knows. */
import { enablesOf, type Operand, overflowBinding } from '../operand.ts';
import { defineShader } from '../shader.ts';
import { SIDE, TILE, tileDeclarations, tileProduct } from '../tile.ts';
import { expectShape, type KernelArguments, type Kernels, sizeOf, tensor, tensorList } from './kernel.ts';

/**
 * y[r] = W_e x[r], or with the matrices as they are, y[r] = x[r] W_e, for the rows r of each group e. Workgroups are tiles of columns, and tiles of rows of
 * one group each: there are at most n / TILE + groups of these.
 */
const makeProduct = (operand: Operand, transposeB: boolean, accumulate: boolean) =>
  defineShader({
    name: `grouped product ${transposeB} ${accumulate} ${operand}`,
    enables: enablesOf(operand),
    bindings: {
      a: 'f32',
      b: 'f32',
      offsets: 'i32',
      y: accumulate ? 'in-out f32' : 'out f32',
      ...overflowBinding(operand),
    },
    parameters: { n: 'u32', k: 'u32', groupCount: 'u32' },
    workgroupSize: [SIDE, SIDE],
    declarations: `${tileDeclarations(operand)}
var<private> endOfRows: u32;
var<private> firstOfB: u32;
fn aAt(row: u32, term: u32) -> f32 {
  if (row >= endOfRows || term >= parameters.k) { return 0.0; }
  return a[row * parameters.k + term];
}
fn bAt(term: u32, column: u32) -> f32 {
  if (column >= parameters.n || term >= parameters.k) { return 0.0; }
  return b[firstOfB + ${transposeB ? 'column * parameters.k + term' : 'term * parameters.n + column'}];
}
fn write(row: u32, column: u32, sum: f32) {
  if (row >= endOfRows || column >= parameters.n) { return; }
  let place = row * parameters.n + column;
  y[place] = sum${accumulate ? ' + y[place]' : ''};
}
`,
    body: `
  // The group that this tile is of, and which of its tiles it is.
  var expert = 0u;
  var before = 0u;
  for (; expert < parameters.groupCount; expert++) {
    let rows = u32(offsets[expert + 1u] - offsets[expert]);
    let tiles = (rows + TILE - 1u) / TILE;
    if (group.y < before + tiles) { break; }
    before += tiles;
  }
  if (expert == parameters.groupCount) { return; }
  let firstRow = u32(offsets[expert]) + (group.y - before) * TILE;
  let firstColumn = group.x * TILE;
  endOfRows = u32(offsets[expert + 1u]);
  firstOfB = expert * parameters.n * parameters.k;
  ${tileProduct('0u', 'parameters.k', { transposeA: false, transposeB })}
`,
  });

/** dW_e = Σ_r dY[r]ᵀ x[r] over the rows r of group e: workgroups are tiles of a matrix [m, n], and groups. */
const makeWeightGradient = (operand: Operand) =>
  defineShader({
    name: `gradient of grouped weights ${operand}`,
    enables: enablesOf(operand),
    bindings: { dY: 'f32', x: 'f32', offsets: 'i32', dWeight: 'out f32', ...overflowBinding(operand) },
    parameters: { m: 'u32', n: 'u32' },
    workgroupSize: [SIDE, SIDE],
    declarations: `${tileDeclarations(operand)}
var<private> endOfRows: u32;
var<private> firstOfY: u32;
fn aAt(row: u32, term: u32) -> f32 {
  if (row >= parameters.m || term >= endOfRows) { return 0.0; }
  return dY[term * parameters.m + row];
}
fn bAt(term: u32, column: u32) -> f32 {
  if (column >= parameters.n || term >= endOfRows) { return 0.0; }
  return x[term * parameters.n + column];
}
fn write(row: u32, column: u32, sum: f32) {
  if (row >= parameters.m || column >= parameters.n) { return; }
  dWeight[firstOfY + row * parameters.n + column] = sum;
}
`,
    body: `
  let firstRow = group.y * TILE;
  let firstColumn = group.x * TILE;
  let begin = u32(offsets[group.z]);
  let end = u32(offsets[group.z + 1u]);
  endOfRows = end;
  firstOfY = group.z * parameters.m * parameters.n;
  ${tileProduct('begin', 'end', { transposeA: true, transposeB: false })}
`,
  });

const makeShaders = (operand: Operand) => ({
  forward: makeProduct(operand, true, false),
  backward: makeProduct(operand, false, false),
  addBackward: makeProduct(operand, false, true),
  weightGradient: makeWeightGradient(operand),
});

const shaders = new Map<Operand, ReturnType<typeof makeShaders>>();

function shadersOf(operand: Operand): ReturnType<typeof makeShaders> {
  const known = shaders.get(operand) ?? makeShaders(operand);
  shaders.set(operand, known);
  return known;
}

function readInputs({ inputs, attrs }: KernelArguments) {
  const [x, offsets] = [tensor(inputs, 'x'), tensor(inputs, 'offsets')];
  const [n, d] = x.shape as [number, number];
  const groupCount = offsets.shape[0]! - 1;
  const weights = tensorList(inputs, 'weight', attrs['count'] as number);
  weights.forEach((weight, i) => expectShape(`weight${i}`, weight, [groupCount, weight.shape[1]!, d]));
  return { x, offsets, n, d, groupCount, weights, rowTiles: Math.ceil(n / TILE) + groupCount };
}

export const groupedLinearKernels: Kernels = {
  /** x [n, in], offsets int32 [E + 1], weight0 [E, out_0, in] … → y0 [n, out_0] … */
  GroupedLinear(args) {
    const { backend } = args;
    const { x, offsets, n, d, groupCount, weights, rowTiles } = readInputs(args);
    return weights.map((weight) => {
      const out = weight.shape[1]!;
      const y = backend.output([n, out]);
      if (sizeOf(y.shape) === 0) return y;
      const workgroups = [Math.ceil(out / TILE), rowTiles] as const;
      const { operand, overflow = x } = backend;
      shadersOf(operand).forward(
        backend,
        { a: x, b: weight, offsets, y, overflow },
        { n: out, k: d, groupCount },
        workgroups,
      );
      return y;
    });
  },

  /** dValue0 [n, out_0] …, x [n, in], offsets int32 [E + 1], weight0 [E, out_0, in] … → dX [n, in], dWeight0 [E, out_0, in] … */
  GroupedLinearGrad(args) {
    const { inputs, attrs, backend } = args;
    const { x, offsets, n, d, groupCount, weights, rowTiles } = readInputs(args);
    const dValues = tensorList(inputs, 'dValue', attrs['count'] as number);
    const dX = backend.output(x.shape);
    const { operand, overflow = x } = backend;
    const { backward, addBackward, weightGradient } = shadersOf(operand);
    const dWeights = weights.map((weight, i) => {
      const out = weight.shape[1]!;
      const dY = dValues[i]!;
      expectShape(`dValue${i}`, dY, [n, out]);
      const dWeight = backend.output(weight.shape);
      if (n > 0) {
        const product = i === 0 ? backward : addBackward;
        const workgroups = [Math.ceil(d / TILE), rowTiles] as const;
        product(backend, { a: dY, b: weight, offsets, y: dX, overflow }, { n: d, k: out, groupCount }, workgroups);
      }
      const tiles = [Math.ceil(d / TILE), Math.ceil(out / TILE), groupCount] as const;
      weightGradient(backend, { dY, x, offsets, dWeight, overflow }, { m: out, n: d }, tiles);
      return dWeight;
    });
    return [dX, ...dWeights];
  },
};
