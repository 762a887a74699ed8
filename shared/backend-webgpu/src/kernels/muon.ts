/** @file Muon's step: momentum whose matrices are made orthogonal, those of one shape together. */
import { LEAST_NORM, type MuonNumbers, muonSettings, NEWTON_SCHULZ } from '@arrowsmith/backend-native/muon-settings';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../backend.ts';
import { multiply } from '../products.ts';
import { defineShader, EACH_ELEMENT, elementGroups, sumOf, THREADS } from '../shader.ts';
import { expectShape, type Kernels, sizeOf, tensorList } from './kernel.ts';
import { settingsOf } from './optimizer.ts';

/**
 * Of some of a tensor's matrices: their momentum in place, and in x what becomes orthogonal, which looks one step ahead (Nesterov).
 * They begin at `origin` in the tensor, and at `place` in x.
 */
const lookAhead = defineShader({
  name: "Muon's momentum",
  bindings: { gradient: 'f32', momentum: 'in-out f32', x: 'in-out f32', settings: 'f32' },
  parameters: { size: 'u32', origin: 'u32', place: 'u32' },
  body: `${EACH_ELEMENT}
  let beta = settings[0];
  let g = (1.0 - beta) * settings[1] * gradient[parameters.origin + i];
  let m = beta * momentum[parameters.origin + i] + g;
  momentum[parameters.origin + i] = m;
  x[parameters.place + i] = beta * m + g;
`,
});

/** Squares of so many elements at most are a workgroup's. */
const PART = 16_384;

/** The sums of squares of each matrix's parts. */
const squares = defineShader({
  name: 'squares of matrices',
  bindings: { x: 'f32', y: 'out f32' },
  parameters: { size: 'u32', parts: 'u32' },
  declarations: sumOf(THREADS),
  body: `
  let begin = group.y * parameters.size + group.x * ${PART}u;
  let end = min(begin + ${PART}u, (group.y + 1u) * parameters.size);
  var sum = 0.0;
  for (var i = begin + lane; i < end; i += ${THREADS}u) { sum += x[i] * x[i]; }
  let total = sumOf(sum, lane);
  if (lane == 0u) { y[group.y * parameters.parts + group.x] = total; }
`,
});

const divideByNorms = defineShader({
  name: 'division by norms of matrices',
  bindings: { x: 'in-out f32', sums: 'f32' },
  parameters: { size: 'u32', matrix: 'u32', parts: 'u32' },
  body: `${EACH_ELEMENT}
  var sum = 0.0;
  let first = i / parameters.matrix * parameters.parts;
  for (var part = 0u; part < parameters.parts; part++) { sum += sums[first + part]; }
  x[i] /= max(sqrt(sum), ${LEAST_NORM});
`,
});

/** What a Newton–Schulz step multiplies with, in place of X Xᵀ, whose square is given. */
const newtonSchulz = defineShader({
  name: 'factor of a Newton-Schulz step',
  bindings: { gram: 'in-out f32', square: 'f32' },
  parameters: { size: 'u32', side: 'u32' },
  body: `${EACH_ELEMENT}
  let place = i % (parameters.side * parameters.side);
  let identity = select(0.0, ${NEWTON_SCHULZ.ofMatrix}, place % (parameters.side + 1u) == 0u);
  gram[i] = identity + ${NEWTON_SCHULZ.ofCube} * gram[i] + ${NEWTON_SCHULZ.ofFifth} * square[i];
`,
});

const step = defineShader({
  name: "Muon's step",
  bindings: { parameter: 'in-out f32', x: 'f32', settings: 'f32' },
  parameters: { size: 'u32', origin: 'u32', place: 'u32', which: 'u32' },
  body: `${EACH_ELEMENT}
  let rate = settings[2u + 2u * parameters.which];
  let kept = settings[3u + 2u * parameters.which];
  let place = parameters.origin + i;
  parameter[place] = parameter[place] * kept - rate * x[parameters.place + i];
`,
});

/** Elements of matrices that are made orthogonal together, at most: what they need besides stays small. And matrices: WebGPU guarantees so many workgroups. */
const MOST_ELEMENTS = 1 << 22;
const MOST_MATRICES = 65_535;

/** Some matrices [rows, columns] of different tensors. */
interface Stack {
  rows: number;
  columns: number;
  count: number;
  /** Which tensor, where they begin there and in the stack, and how many elements they have. */
  pieces: { which: number; origin: number; place: number; size: number }[];
}

/** Stacks of matrices of one shape each, from all tensors. @param mostElements of a stack that has several matrices */
export function stacksOf(shapes: readonly (readonly number[])[], mostElements: number = MOST_ELEMENTS): Stack[] {
  const stacks: Stack[] = [];
  const open = new Map<string, Stack>();
  shapes.forEach((shape, which) => {
    const [rows, columns] = shape.slice(-2) as [number, number];
    const size = rows * columns;
    const most = Math.min(MOST_MATRICES, Math.max(1, Math.floor(mostElements / size)));
    const all = sizeOf(shape.slice(0, -2));
    for (let first = 0; first < all;) {
      const key = `${rows} ${columns}`;
      let stack = open.get(key);
      if (stack === undefined || stack.count === most) {
        stack = { rows, columns, count: 0, pieces: [] };
        stacks.push(stack);
        open.set(key, stack);
      }
      const count = Math.min(all - first, most - stack.count);
      stack.pieces.push({ which, origin: first * size, place: stack.count * size, size: count * size });
      stack.count += count;
      first += count;
    }
  });
  return stacks;
}

/** From U S Vᵀ about U Vᵀ, of each matrix of x [count, rows, columns]. @returns the latter; x is used up */
function orthogonalize(backend: WebGpuBackend, x: TensorInfo): TensorInfo {
  const [count, rows, columns] = x.shape as [number, number, number];
  const [size, side, isTall] = [rows * columns, Math.min(rows, columns), rows > columns];
  const parts = Math.ceil(size / PART);
  const sums = backend.output([count, parts]);
  squares(backend, { x, y: sums }, { size, parts }, [parts, count]);
  divideByNorms(backend, { x, sums }, { size: count * size, matrix: size, parts }, elementGroups(count * size));
  backend.disposeData(sums.dataId);
  let next = backend.output(x.shape);
  const [gram, square] = [backend.output([count, side, side]), backend.output([count, side, side])];
  const ofSquares = count * side * side;
  for (let steps = 0; steps < NEWTON_SCHULZ.steps; steps++) {
    const k = isTall ? rows : columns;
    multiply(backend, { count, a: x, b: x, y: gram, m: side, n: side, k, transposeA: isTall, transposeB: !isTall });
    multiply(backend, { count, a: gram, b: gram, y: square, m: side, n: side, k: side });
    newtonSchulz(backend, { gram, square }, { size: ofSquares, side }, elementGroups(ofSquares));
    const [a, b] = isTall ? [x, gram] : [gram, x];
    multiply(backend, { count, a, b, y: next, m: rows, n: columns, k: side });
    [x, next] = [next, x];
  }
  for (const { dataId } of [next, gram, square]) backend.disposeData(dataId);
  return x;
}

export const muonKernels: Kernels = {
  /**
   * parameter0 [rows, columns] or [count, rows, columns] …, gradient0 …, momentum0 …, settings (`muonSettings`) or none → parameters, momenta. The
   * state is taken over, as AdamW's.
   */
  Muon({ inputs, attrs, backend }) {
    const list = (name: string) => tensorList(inputs, name, attrs['count'] as number);
    const gradients = list('gradient');
    const [parameters, momenta] = ['parameter', 'momentum'].map((name) =>
      list(name).map((each, i) => {
        expectShape(`${name}${i}`, each, gradients[i]!.shape);
        return backend.takeOver(each);
      }),
    ) as [TensorInfo[], TensorInfo[]];
    const shapes = gradients.map(({ shape }) => shape);
    const settings =
      inputs['settings'] ?? settingsOf(backend, muonSettings({ ...(attrs as unknown as MuonNumbers), shapes }));
    for (const { rows, columns, count, pieces } of stacksOf(shapes)) {
      let x = backend.output([count, rows, columns]);
      for (const { which, origin, place, size } of pieces) {
        const tensors = { gradient: gradients[which]!, momentum: momenta[which]!, x, settings };
        lookAhead(backend, tensors, { size, origin, place }, elementGroups(size));
      }
      x = orthogonalize(backend, x);
      for (const { which, origin, place, size } of pieces) {
        const tensors = { parameter: parameters[which]!, x, settings };
        step(backend, tensors, { size, origin, place, which }, elementGroups(size));
      }
      backend.disposeData(x.dataId);
    }
    if (inputs['settings'] === undefined) backend.disposeData(settings.dataId);
    return [...parameters, ...momenta];
  },
};
