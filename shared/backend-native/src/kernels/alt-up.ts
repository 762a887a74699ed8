/** @file The two steps of alternating updates. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { asRows, expectShape, type KernelArguments, type Kernels, shapeOfAll, tensor, tensorList } from './kernel.ts';

/**
 * norm [d], weight [a, d], coefficients [rows, a].
 *
 * @param shape of a copy
 */
function readRouter({ inputs, attrs, backend }: KernelArguments, shape: readonly number[], rows: number) {
  const [norm, weight, coefficients] = [
    tensor(inputs, 'norm'),
    tensor(inputs, 'weight'),
    tensor(inputs, 'coefficients'),
  ];
  const copies = attrs['copies'] as number;
  const d = shape.at(-1)!;
  expectShape('norm', norm, [d]);
  expectShape('weight', weight, [copies, d]);
  expectShape('coefficients', coefficients, [rows, copies]);
  const [gains, own] = [backend.flushedFloats(norm), backend.flushedFloats(coefficients)];
  const clip = attrs['clip'] as number;
  const n = shape.slice(0, -1).reduce((product, length) => product * length, 1);
  const values = [
    n,
    d,
    copies,
    attrs['active'] as number,
    attrs['unitOffset'] === true ? gains.map((gain) => 1 + gain) : gains,
    backend.floats(weight),
    clip === 0 ? own : own.map((value) => Math.max(-clip, Math.min(clip, value))),
    attrs['epsilon'] as number,
    attrs['centered'] as boolean,
  ] as const;
  return { n, copies, values, tensors: [norm, weight, coefficients] as const };
}

type Router = ReturnType<typeof readRouter>;

/** Memory for the gradients of norm, weight and coefficients. */
function routerGradients(backend: KernelArguments['backend'], { tensors }: Router) {
  const gradients = tensors.map(({ shape }) => backend.output(shape));
  return {
    tensors: gradients,
    values: gradients.map((each) => backend.floats(each)) as [Float32Array, Float32Array, Float32Array],
  };
}

/** Nothing passes to a coefficient that is clipped. */
function clipGradient({ attrs, backend }: KernelArguments, { tensors }: Router, dCoefficients: TensorInfo): void {
  const clip = attrs['clip'] as number;
  if (clip === 0) return;
  const gradients = backend.flushedFloats(dCoefficients);
  backend.flushedFloats(tensors[2]).forEach((value, i) => {
    if (Math.abs(value) > clip) gradients[i] = 0;
  });
}

/** The inputs `name0` …, one for each copy, and their values. */
function copiesOf({ inputs, attrs, backend }: KernelArguments, name: string) {
  const tensors = tensorList(inputs, name, attrs['copies'] as number);
  return { shape: shapeOfAll(name, tensors), tensors, values: tensors.map((each) => backend.floats(each)) };
}

function outputs({ attrs, backend }: KernelArguments, shape: number[]) {
  const tensors = Array.from({ length: attrs['copies'] as number }, () => backend.output(shape));
  return { tensors, values: tensors.map((each) => backend.floats(each)) };
}

function expectLike(name: string, x: TensorInfo, shape: readonly number[], modalities: TensorInfo): void {
  expectShape(name, x, shape);
  expectShape('residual0', modalities, [asRows(x).n, modalities.shape[1]!]);
}

export const altUpKernels: Kernels = {
  /** norm [d], weight [a, d], coefficients [a², a], copy0 … [..., d] → y0 … [..., d], modalities [n, a] */
  AltUpPredict(args) {
    const { backend } = args;
    const copies = copiesOf(args, 'copy');
    const router = readRouter(args, copies.shape, copies.tensors.length ** 2);
    const [ys, modalities] = [outputs(args, copies.shape), backend.output([router.n, router.copies])];
    backend.addon.altUpPredict(...router.values, copies.values, backend.floats(modalities), ys.values);
    return [...ys.tensors, modalities];
  },

  /** dValue0 … [..., d], norm, weight, coefficients, copy0 …, residual0 = modalities → dNorm, dWeight, dCoefficients, dCopy0 … */
  AltUpPredictGrad(args) {
    const { inputs, backend } = args;
    const [copies, dValues] = [copiesOf(args, 'copy'), copiesOf(args, 'dValue')];
    const router = readRouter(args, copies.shape, copies.tensors.length ** 2);
    const modalities = tensor(inputs, 'residual0');
    expectLike('dValue0', dValues.tensors[0]!, copies.shape, modalities);
    const saved = [dValues.values, copies.values, backend.floats(modalities)] as const;
    const [dRouter, dCopies] = [routerGradients(backend, router), outputs(args, copies.shape)];
    backend.addon.altUpPredictGradient(...router.values, ...saved, ...dRouter.values, dCopies.values);
    clipGradient(args, router, dRouter.tensors[2]!);
    return [...dRouter.tensors, ...dCopies.tensors];
  },

  /** norm [d], weight [a, d], coefficients [a, a], output [..., d], copy0 … [..., d] → y0 … [..., d], modalities [n, a] */
  AltUpCorrect(args) {
    const { inputs, backend } = args;
    const predictions = copiesOf(args, 'copy');
    const router = readRouter(args, predictions.shape, predictions.tensors.length);
    const output = tensor(inputs, 'output');
    expectShape('output', output, predictions.shape);
    const values = [backend.floats(output), predictions.values] as const;
    const [ys, modalities] = [outputs(args, predictions.shape), backend.output([router.n, router.copies])];
    backend.addon.altUpCorrect(...router.values, ...values, backend.floats(modalities), ys.values);
    return [...ys.tensors, modalities];
  },

  /**
   * dValue0 … [..., d], norm, weight, coefficients, output, prediction, residual0 = modalities → dNorm, dWeight, dCoefficients, dOutput,
   * dCopy0 …, of which all but the active one's are the dValues
   */
  AltUpCorrectGrad(args) {
    const { inputs, attrs, backend } = args;
    const dValues = copiesOf(args, 'dValue');
    const { shape } = dValues;
    const router = readRouter(args, shape, dValues.tensors.length);
    const [output, prediction] = [tensor(inputs, 'output'), tensor(inputs, 'prediction')];
    const modalities = tensor(inputs, 'residual0');
    expectLike('output', output, shape, modalities);
    expectShape('prediction', prediction, shape);
    const saved = [backend.floats(output), backend.floats(prediction), backend.floats(modalities)] as const;
    const dRouter = routerGradients(backend, router);
    const [dOutput, dPrediction] = [backend.output(shape), backend.output(shape)];
    const results = [...dRouter.values, backend.floats(dOutput), backend.floats(dPrediction)] as const;
    backend.addon.altUpCorrectGradient(...router.values, dValues.values, ...saved, ...results);
    clipGradient(args, router, dRouter.tensors[2]!);
    const dCopies = dValues.tensors.map((dValue, i) =>
      i === attrs['active'] ? dPrediction : backend.share(dValue, shape),
    );
    return [...dRouter.tensors, dOutput, ...dCopies];
  },
};
