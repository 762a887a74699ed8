/** @file Rotary position embedding. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { defineShader, EACH_ELEMENT, elementGroups } from '../shader.ts';
import { expectShape, type Kernel, type KernelArguments, type Kernels, sizeOf, tensor } from './kernel.ts';

/** A thread for each coordinate of the result. `sign` −1 turns back. */
const turnShader = defineShader({
  name: 'rope',
  bindings: { x: 'f32', cosines: 'f32', sines: 'f32', y: 'out f32' },
  parameters: {
    size: 'u32',
    positions: 'u32',
    heads: 'u32',
    headDim: 'u32',
    pairs: 'u32',
    interleaved: 'u32',
    sign: 'f32',
  },
  body: `${EACH_ELEMENT}
  let coordinate = i % parameters.headDim;
  if (coordinate >= 2u * parameters.pairs) { y[i] = x[i]; return; }
  let position = i / (parameters.headDim * parameters.heads) % parameters.positions;
  var pair = coordinate / 2u;
  var isSecond = coordinate % 2u == 1u;
  var distance = 1u;
  if (parameters.interleaved == 0u) {
    pair = coordinate % parameters.pairs;
    isSecond = coordinate >= parameters.pairs;
    distance = parameters.pairs;
  }
  let cosine = cosines[position * parameters.pairs + pair];
  let sine = parameters.sign * sines[position * parameters.pairs + pair];
  if (isSecond) { y[i] = x[i] * cosine + x[i - distance] * sine; }
  else { y[i] = x[i] * cosine - x[i + distance] * sine; }
`,
});

/** Each pair of the heads' vectors [b, s, n, h_d] turned by tables [s, pairs], or back. */
export function turn(
  backend: KernelArguments['backend'],
  x: TensorInfo,
  cosines: TensorInfo,
  sines: TensorInfo,
  { interleaved, back }: { interleaved: boolean; back: boolean },
): TensorInfo {
  const [, positions, heads, headDim] = x.shape as [number, number, number, number];
  const pairs = cosines.shape.at(-1)!;
  expectShape('cos', cosines, [positions, pairs]);
  expectShape('sin', sines, [positions, pairs]);
  if (2 * pairs > headDim) throw new TypeError(`${pairs} rotaryPairs do not fit into ${headDim} coordinates`);
  const y = backend.output(x.shape);
  const size = sizeOf(x.shape);
  const sizes = { size, positions, heads, headDim, pairs };
  const parameters = { ...sizes, interleaved: interleaved ? 1 : 0, sign: back ? -1 : 1 };
  turnShader(backend, { x, cosines, sines, y }, parameters, elementGroups(size));
  return y;
}

const kernel =
  (name: 'x' | 'dValue', back: boolean): Kernel =>
  ({ inputs, attrs, backend }) => {
    const [x, cos, sin] = [tensor(inputs, name), tensor(inputs, 'cos'), tensor(inputs, 'sin')];
    return turn(backend, x, cos, sin, { interleaved: Boolean(attrs['interleaved']), back });
  };

export const ropeKernels: Kernels = {
  /** x [b, s, n, h_d], cos, sin [s, rotaryPairs] → y */
  Rope: kernel('x', false),
  /** dValue [b, s, n, h_d], cos, sin → dX */
  RopeGrad: kernel('dValue', true),
};
