/** @file Routing of tokens to experts: the choice of experts, and the ways of rows to them and back. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { expectRank, expectShape, type KernelArguments, type Kernels, tensor } from './kernel.ts';

/** slots int32 [n, k], and weights [n, k] where there are any. */
function readRoutes({ inputs, backend }: KernelArguments) {
  const [slots, weights] = [tensor(inputs, 'slots'), inputs['weights']];
  expectRank('slots', slots, 2);
  const [n, k] = slots.shape as [number, number];
  if (weights !== undefined) expectShape('weights', weights, [n, k]);
  const values = backend.integers(slots);
  return { n, k, slots: values, weights: weights === undefined ? null : backend.floats(weights) };
}

type Routes = ReturnType<typeof readRoutes>;

/** x [n, d] → y [n k, d] */
function dispatch(backend: KernelArguments['backend'], { n, k, slots, weights }: Routes, x: TensorInfo): TensorInfo {
  const d = x.shape[1]!;
  expectShape('x', x, [n, d]);
  const values = backend.floats(x);
  const y = backend.output([n * k, d]);
  backend.addon.dispatch(n, k, d, slots, weights, values, backend.floats(y));
  return y;
}

/** x [n k, d] → y [n, d] */
function combine(backend: KernelArguments['backend'], { n, k, slots, weights }: Routes, x: TensorInfo): TensorInfo {
  const d = x.shape[1]!;
  expectShape('x', x, [n * k, d]);
  const values = backend.floats(x);
  const y = backend.output([n, d]);
  backend.addon.combine(n, k, d, slots, weights, values, backend.floats(y));
  return y;
}

/** a [n, d], b [n k, d] → dWeights [n, k]; none without weights */
function weightGradients(
  backend: KernelArguments['backend'],
  { n, k, slots, weights }: Routes,
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo[] {
  if (weights === null) return [];
  const d = a.shape[1]!;
  expectShape('b', b, [n * k, d]);
  const values = [backend.floats(a), backend.floats(b)] as const;
  const dWeights = backend.output([n, k]);
  backend.addon.slotProducts(n, k, d, slots, ...values, backend.floats(dWeights));
  return [dWeights];
}

/** The row of each choice among all, sorted by expert, and where the rows of each expert begin. */
function sortByExpert(choices: Int32Array, experts: number): { slots: Int32Array; offsets: Int32Array } {
  const offsets = new Int32Array(experts + 1);
  for (const expert of choices) offsets[expert + 1]!++;
  for (let expert = 0; expert < experts; expert++) offsets[expert + 1]! += offsets[expert]!;
  const next = offsets.slice();
  return { slots: choices.map((expert) => next[expert]!++), offsets };
}

export const routingKernels: Kernels = {
  /** x [n, E] → values [n, k], indices int32 [n, k] */
  RouterTopK({ inputs, attrs, backend }) {
    const x = tensor(inputs, 'x');
    expectRank('x', x, 2);
    const [n, experts] = x.shape as [number, number];
    const k = attrs['k'] as number;
    if (!(k >= 1 && k <= experts)) throw new RangeError(`there are no ${k} largest of ${experts}`);
    const numbers = backend.floats(x);
    const values = backend.output([n, k]);
    const indices = new Int32Array(n * k);
    backend.addon.topK(n, experts, k, numbers, backend.floats(values), indices);
    backend.queue.run(); // JavaScript looks at integers
    return [values, backend.makeTensorInfo([n, k], 'int32', indices)];
  },

  /** dValue0 [n, k], indices int32 [n, k], x [n, E] → dX [n, E] */
  RouterTopKGrad({ inputs, attrs, backend }) {
    const [dValue, indices, x] = [tensor(inputs, 'dValue0'), tensor(inputs, 'indices'), tensor(inputs, 'x')];
    const [n, experts] = x.shape as [number, number];
    const k = attrs['k'] as number;
    expectShape('dValue0', dValue, [n, k]);
    expectShape('indices', indices, [n, k]);
    const places = backend.integers(indices);
    const dValues = backend.floats(dValue);
    const dX = backend.output(x.shape);
    backend.addon.topKGradient(n, experts, k, dValues, places, backend.floats(dX));
    return dX;
  },

  /** choices int32 [n, k] → slots int32 [n, k], offsets int32 [E + 1], load [E]; a loop over n k integers is not worth a function in C++ */
  SortByExpert({ inputs, attrs, backend }) {
    const choices = tensor(inputs, 'choices');
    const experts = attrs['experts'] as number;
    const chosen = backend.integers(choices);
    const bad = chosen.findIndex((expert) => expert < 0 || expert >= experts);
    if (bad >= 0) throw new RangeError(`choices[${bad}] is ${chosen[bad]}, not from 0 to ${experts - 1}`);
    const { slots, offsets } = sortByExpert(chosen, experts);
    const load = Float32Array.from(offsets.subarray(1), (end, expert) => (end - offsets[expert]!) / choices.shape[0]!);
    return [
      backend.makeTensorInfo(choices.shape, 'int32', slots),
      backend.makeTensorInfo([experts + 1], 'int32', offsets),
      backend.makeTensorInfo([experts], 'float32', load),
    ];
  },

  /** x [n, d], slots int32 [n, k], weights [n, k] or none → y [n k, d] */
  Dispatch: (args) => dispatch(args.backend, readRoutes(args), tensor(args.inputs, 'x')),

  /** dValue [n k, d], x [n, d], slots, weights or none → dX [n, d], dWeights [n, k] */
  DispatchGrad(args) {
    const [dValue, x] = [tensor(args.inputs, 'dValue'), tensor(args.inputs, 'x')];
    const routes = readRoutes(args);
    return [combine(args.backend, routes, dValue), ...weightGradients(args.backend, routes, x, dValue)];
  },

  /** x [n k, d], slots int32 [n, k], weights [n, k] or none → y [n, d] */
  Combine: (args) => combine(args.backend, readRoutes(args), tensor(args.inputs, 'x')),

  /** dValue [n, d], x [n k, d], slots, weights or none → dX [n k, d], dWeights [n, k] */
  CombineGrad(args) {
    const [dValue, x] = [tensor(args.inputs, 'dValue'), tensor(args.inputs, 'x')];
    const routes = readRoutes(args);
    return [dispatch(args.backend, routes, dValue), ...weightGradients(args.backend, routes, dValue, x)];
  },
};
