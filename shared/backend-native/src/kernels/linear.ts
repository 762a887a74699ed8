/** @file Linear layers that share an input: queries, keys and values, or gate and up; also one alone. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { asRows, expectShape, type Kernels, tensor, tensorList } from './kernel.ts';

export const linearKernels: Kernels = {
  /** x [..., in], weight0 [out_0, in] … → y0 [..., out_0] … */
  Linear({ inputs, attrs, backend }) {
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const values = backend.floats(x);
    return tensorList(inputs, 'weight', attrs['count'] as number).map((weight, i) => {
      const out = weight.shape[0]!;
      expectShape(`weight${i}`, weight, [out, d]);
      const weights = backend.floats(weight);
      const y = backend.output([...x.shape.slice(0, -1), out]);
      backend.addon.linear(backend.precision, n, d, out, values, weights, backend.floats(y));
      return y;
    });
  },

  /** dValue0 [..., out_0] …, x [..., in], weight0 [out_0, in] … → dX [..., in], dWeight0 [out_0, in] … */
  LinearGrad({ inputs, attrs, backend }) {
    const count = attrs['count'] as number;
    const x = tensor(inputs, 'x');
    const { n, d } = asRows(x);
    const weights = tensorList(inputs, 'weight', count);
    const dValues = tensorList(inputs, 'dValue', count);
    weights.forEach((weight, i) => {
      const out = weight.shape[0]!;
      expectShape(`weight${i}`, weight, [out, d]);
      expectShape(`dValue${i}`, dValues[i]!, [...x.shape.slice(0, -1), out]);
    });
    const dX = backend.output(x.shape);
    const dWeights = weights.map(({ shape }) => backend.output(shape));
    const floats = (tensors: TensorInfo[]) => tensors.map((each) => backend.floats(each));
    backend.addon.linearGradients(
      backend.precision,
      n,
      d,
      backend.floats(x),
      floats(dValues),
      floats(weights),
      backend.floats(dX),
      floats(dWeights),
    );
    return [dX, ...dWeights];
  },
};
