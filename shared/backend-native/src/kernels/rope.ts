/** @file Rotary position embedding. */
import { expectRank, expectShape, type Kernel, type Kernels, tensor } from './kernel.ts';

/** The gradient turns the other way. */
const turn =
  (name: 'x' | 'dValue', inverse: boolean): Kernel =>
  ({ inputs, attrs, backend }) => {
    const [x, cos, sin] = [tensor(inputs, name), tensor(inputs, 'cos'), tensor(inputs, 'sin')];
    expectRank(name, x, 4);
    const [b, s, heads, headDim] = x.shape as [number, number, number, number];
    const rotaryPairs = cos.shape.at(-1)!;
    expectShape('cos', cos, [s, rotaryPairs]);
    expectShape('sin', sin, [s, rotaryPairs]);
    if (2 * rotaryPairs > headDim)
      throw new TypeError(`${rotaryPairs} rotaryPairs do not fit into ${headDim} coordinates`);
    const values = [backend.floats(x), backend.floats(cos), backend.floats(sin)] as const;
    const y = backend.output(x.shape);
    const interleaved = Boolean(attrs['interleaved']);
    backend.addon.rope(b, s, heads, headDim, rotaryPairs, ...values, interleaved, inverse, backend.floats(y));
    return y;
  };

export const ropeKernels: Kernels = {
  /** x [b, s, n, h_d], cos, sin [s, rotaryPairs] → y */
  Rope: turn('x', false),
  /** dValue [b, s, n, h_d], cos, sin → dX */
  RopeGrad: turn('dValue', true),
};
