/** @file The two steps of alternating updates. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { asRows, expectShape, type KernelArguments, type Kernels, tensor, tensorList } from './kernel.ts';

/** normed [..., d], weight [a, d], coefficients [rows, a]. */
function readRouter({ inputs, attrs, backend }: KernelArguments, rows: number) {
  const [normed, weight] = [tensor(inputs, 'normed'), tensor(inputs, 'weight')];
  const coefficients = tensor(inputs, 'coefficients');
  const copies = attrs['copies'] as number;
  const { n, d } = asRows(normed);
  expectShape('weight', weight, [copies, d]);
  expectShape('coefficients', coefficients, [rows, copies]);
  const [own, clip] = [backend.floats(coefficients), attrs['clip'] as number];
  const clipped = clip === 0 ? own : own.map((value) => Math.max(-clip, Math.min(clip, value)));
  return {
    n,
    d,
    copies,
    normed,
    weight,
    coefficients,
    values: [backend.floats(normed), backend.floats(weight), clipped] as const,
  };
}

type Router = ReturnType<typeof readRouter>;

/** Memory for the router's gradients. */
function routerGradients(backend: KernelArguments['backend'], { normed, weight, coefficients }: Router) {
  const tensors = [normed, weight, coefficients].map(({ shape }) => backend.output(shape));
  return { tensors, values: tensors.map((each) => backend.floats(each)) as [Float32Array, Float32Array, Float32Array] };
}

/** Nothing passes to a coefficient that is clipped. */
function clipGradient(
  { attrs, backend }: KernelArguments,
  coefficients: TensorInfo,
  dCoefficients: Float32Array,
): void {
  const clip = attrs['clip'] as number;
  if (clip === 0) return;
  backend.floats(coefficients).forEach((value, i) => {
    if (Math.abs(value) > clip) dCoefficients[i] = 0;
  });
}

/** Tensors of that shape, and their values. */
function listOf({ inputs, backend }: KernelArguments, name: string, count: number, shape: readonly number[]) {
  const tensors = tensorList(inputs, name, count);
  tensors.forEach((each, i) => expectShape(`${name}${i}`, each, shape));
  return { tensors, values: tensors.map((each) => backend.floats(each)) };
}

function outputs(backend: KernelArguments['backend'], count: number, shape: number[]) {
  const tensors = Array.from({ length: count }, () => backend.output(shape));
  return { tensors, values: tensors.map((each) => backend.floats(each)) };
}

export const altUpKernels: Kernels = {
  /** normed [..., d], weight [a, d], coefficients [a², a], copy0 … [..., d] → y0 … [..., d], modalities [n, a] */
  AltUpPredict(args) {
    const { attrs, backend } = args;
    const router = readRouter(args, (attrs['copies'] as number) ** 2);
    const { n, d, copies: a, normed } = router;
    const copies = listOf(args, 'copy', a, normed.shape);
    const [ys, modalities] = [outputs(backend, a, normed.shape), backend.output([n, a])];
    backend.addon.altUpPredict(n, d, ...router.values, copies.values, backend.floats(modalities), ys.values);
    return [...ys.tensors, modalities];
  },

  /** dValue0 … [..., d], normed, weight, coefficients, copy0 …, residual0 = modalities → dNormed, dWeight, dCoefficients, dCopy0 … */
  AltUpPredictGrad(args) {
    const { inputs, attrs, backend } = args;
    const router = readRouter(args, (attrs['copies'] as number) ** 2);
    const { n, d, copies: a, normed, coefficients } = router;
    const copies = listOf(args, 'copy', a, normed.shape);
    const dValues = listOf(args, 'dValue', a, normed.shape);
    const modalities = tensor(inputs, 'residual0');
    expectShape('residual0', modalities, [n, a]);
    const own = backend.floats(modalities);
    const [dRouter, dCopies] = [routerGradients(backend, router), outputs(backend, a, normed.shape)];
    const results = [...dRouter.values, dCopies.values] as const;
    backend.addon.altUpPredictGradient(n, d, dValues.values, ...router.values, copies.values, own, ...results);
    clipGradient(args, coefficients, dRouter.values[2]);
    return [...dRouter.tensors, ...dCopies.tensors];
  },

  /** normed [..., d], weight [a, d], coefficients [a, a], output [..., d], copy0 … [..., d] → y0 … [..., d], modalities [n, a] */
  AltUpCorrect(args) {
    const { inputs, attrs, backend } = args;
    const router = readRouter(args, attrs['copies'] as number);
    const { n, d, copies: a, normed } = router;
    const output = tensor(inputs, 'output');
    expectShape('output', output, normed.shape);
    const predictions = listOf(args, 'copy', a, normed.shape);
    const values = [attrs['active'] as number, ...router.values, backend.floats(output), predictions.values] as const;
    const [ys, modalities] = [outputs(backend, a, normed.shape), backend.output([n, a])];
    backend.addon.altUpCorrect(n, d, ...values, backend.floats(modalities), ys.values);
    return [...ys.tensors, modalities];
  },

  /**
   * dValue0 … [..., d], normed, weight, coefficients, output, prediction, residual0 = modalities → dNormed, dWeight, dCoefficients, dOutput,
   * dCopy0 …, of which all but the active one's are the dValues
   */
  AltUpCorrectGrad(args) {
    const { inputs, attrs, backend } = args;
    const router = readRouter(args, attrs['copies'] as number);
    const { n, d, copies: a, normed, coefficients } = router;
    const active = attrs['active'] as number;
    const dValues = listOf(args, 'dValue', a, normed.shape);
    const [output, prediction] = [tensor(inputs, 'output'), tensor(inputs, 'prediction')];
    const modalities = tensor(inputs, 'residual0');
    expectShape('output', output, normed.shape);
    expectShape('prediction', prediction, normed.shape);
    expectShape('residual0', modalities, [n, a]);
    const saved = [backend.floats(output), backend.floats(prediction), backend.floats(modalities)] as const;
    const dRouter = routerGradients(backend, router);
    const [dOutput, dPrediction] = [backend.output(normed.shape), backend.output(normed.shape)];
    const results = [...dRouter.values, backend.floats(dOutput), backend.floats(dPrediction)] as const;
    backend.addon.altUpCorrectGradient(n, d, active, dValues.values, ...router.values, ...saved, ...results);
    clipGradient(args, coefficients, dRouter.values[2]);
    const others = dValues.tensors.map((dValue, i) =>
      i === active ? dPrediction : backend.share(dValue, normed.shape),
    );
    return [...dRouter.tensors, dOutput, ...others];
  },
};
