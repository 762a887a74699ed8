/**
 * @file The two steps of alternating updates (Baykal et al. 2023, https://arxiv.org/abs/2301.13310) as Gemma 3n has them, whose coefficients a
 * small router makes of every position.
 *
 * Shapes: a copies of the residual stream, [..., d] each; n positions.
 */
import * as tf from '@tensorflow/tfjs-core';
import { defineOp, numbered } from './op.ts';
import type { NamedTensors } from './tape.ts';
import { transposeMatrix } from './transpose-matrix.ts';

/** What makes the coefficients of a position. */
export interface AltUpRouter {
  /** The position, normed, [..., d]. */
  normed: tf.Tensor;
  /** [a, d]; `tanh(weight · normed / d)` says how much each copy counts. */
  weight: tf.Tensor;
  /** Coefficients by copy, [a², a] of {@link altUpPredict}, [a, a] of {@link altUpCorrect}. */
  coefficients: tf.Tensor;
}

export type AltUpOptions = {
  /** Clips the coefficients to ± this, in training; 0 for not at all. */
  clip: number;
};

type Inputs = NamedTensors<'normed' | 'weight' | 'coefficients'>;
type CorrectAttributes = AltUpOptions & {
  /** The number of copies. */
  copies: number;
  active: number;
};

/** [..., d] -> [n, d] */
const asRows = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [-1, x.shape.at(-1)!]);

/** [n, m] -> [n, 1] */
const column = (x: tf.Tensor, index: number): tf.Tensor => tf.slice(x, [0, index], [x.shape[0]!, 1]);

/** [n, a] in (−1, 1) */
function modalitiesOf({ normed, weight }: Inputs): tf.Tensor {
  return tf.tanh(tf.div(tf.matMul(asRows(normed), transposeMatrix(weight)), weight.shape[1]!));
}

/** [n, a² or a] */
function mixtureOf({ coefficients }: Inputs, modalities: tf.Tensor, { clip }: AltUpOptions): tf.Tensor {
  return tf.matMul(modalities, transposeMatrix(clipped(coefficients, clip)));
}

function clipped(coefficients: tf.Tensor, clip: number): tf.Tensor {
  return clip === 0 ? coefficients : tf.clipByValue(coefficients, -clip, clip);
}

/** The gradients of the router, given that of the mixture: dNormed, dWeight, dCoefficients. */
function routerGradients(
  { normed, weight, coefficients }: Inputs,
  modalities: tf.Tensor,
  dMixture: tf.Tensor,
  { clip }: AltUpOptions,
): tf.Tensor[] {
  const dClipped = tf.matMul(transposeMatrix(dMixture), modalities);
  const passes = clip === 0 ? undefined : tf.cast(tf.lessEqual(tf.abs(coefficients), clip), 'float32');
  const dModalities = tf.matMul(dMixture, clipped(coefficients, clip)); // [n, a]
  const dLogits = tf.div(tf.mul(dModalities, tf.sub(1, tf.square(modalities))), weight.shape[1]!);
  const dNormed = tf.reshape(tf.matMul(dLogits, weight), normed.shape);
  const dWeight = tf.matMul(transposeMatrix(dLogits), asRows(normed));
  return [dNormed, dWeight, passes === undefined ? dClipped : tf.mul(dClipped, passes)];
}

const predictOp = defineOp({
  kernelName: 'AltUpPredict',
  values: ({ copies }: AltUpOptions & { copies: number }) => copies,
  forward({ normed, weight, coefficients, ...copies }: Inputs & NamedTensors, attributes) {
    const router = { normed, weight, coefficients };
    const modalities = modalitiesOf(router);
    const mixture = mixtureOf(router, modalities, attributes);
    const rows = Object.values(copies).map(asRows);
    const ys = Object.values(copies).map((copy, i) => {
      const additions = rows.map((other, j) => tf.mul(other, column(mixture, i * rows.length + j)));
      return tf.reshape(tf.addN([rows[i]!, ...additions]), copy.shape);
    });
    return [...ys, modalities];
  },
  saved: (inputs) => inputs,
  gradient(dValues, { normed, weight, coefficients, ...copies }, [modalities], attributes) {
    const router = { normed, weight, coefficients };
    const mixture = mixtureOf(router, modalities!, attributes);
    const rows = Object.values(copies).map(asRows);
    const dRows = dValues.map(asRows);
    const dMixture = dRows.flatMap((dRow) => rows.map((row) => tf.sum(tf.mul(dRow, row), 1, true)));
    const dCopies = dValues.map((dValue, j) => {
      const additions = dRows.map((dRow, i) => tf.mul(dRow, column(mixture, i * rows.length + j)));
      return tf.reshape(tf.addN([dRows[j]!, ...additions]), dValue.shape);
    });
    return [...routerGradients(router, modalities!, tf.concat(dMixture, 1), attributes), ...dCopies];
  },
});

/**
 * What each copy will be after a layer, from all copies before it: itself, and what a mixture of all adds,
 * `y_i = x_i + Σ_j c_ij x_j`, where row i · a + j of the coefficients makes c_ij.
 *
 * Kernels `AltUpPredict`, `AltUpPredictGrad`.
 *
 * @param copies a tensors [..., d]
 * @returns a tensors [..., d]
 */
export function altUpPredict(
  copies: readonly tf.Tensor[],
  { normed, weight, coefficients }: AltUpRouter,
  { clip }: AltUpOptions,
): tf.Tensor[] {
  const inputs = { normed, weight, coefficients, ...numbered('copy', copies) } as Inputs & NamedTensors;
  return predictOp(inputs, { clip, copies: copies.length });
}

const correctOp = defineOp({
  kernelName: 'AltUpCorrect',
  values: ({ copies }: CorrectAttributes) => copies,
  forward({ normed, weight, coefficients, output, ...copies }: Inputs & NamedTensors<'output'>, attributes) {
    const router = { normed, weight, coefficients };
    const modalities = modalitiesOf(router);
    const mixture = mixtureOf(router, modalities, attributes);
    const predictions: tf.Tensor[] = Object.values(copies);
    const innovation = asRows(tf.sub(output, predictions[attributes.active]!));
    const ys = predictions.map((prediction, i) => {
      const correction = tf.mul(innovation, tf.add(column(mixture, i), 1));
      return tf.add(prediction, tf.reshape(correction, prediction.shape));
    });
    return [...ys, modalities];
  },
  saved({ normed, weight, coefficients, output, ...copies }, _, { active }) {
    // Of the predictions one, since what the others add to the output, their gradients need not know.
    return { normed, weight, coefficients, output, prediction: Object.values<tf.Tensor>(copies)[active]! };
  },
  gradient(dValues, { output, prediction, ...router }, [modalities], attributes) {
    const mixture = mixtureOf(router, modalities!, attributes);
    const innovation = asRows(tf.sub(output, prediction));
    const dMixture = dValues.map((dValue) => tf.sum(tf.mul(asRows(dValue), innovation), 1, true));
    const dInnovation = dValues.map((dValue, i) => tf.mul(asRows(dValue), tf.add(column(mixture, i), 1)));
    const dOutput = tf.reshape(tf.addN(dInnovation), output.shape);
    const dPredictions = dValues.map((dValue, i) =>
      i === attributes.active ? tf.sub(dValue, dOutput) : tf.clone(dValue),
    );
    return [...routerGradients(router, modalities!, tf.concat(dMixture, 1), attributes), dOutput, ...dPredictions];
  },
});

/**
 * The predictions, each moved by a share of what the layer's output differs from the prediction of the copy that it computed:
 * `y_i = x_i + (1 + c_i) (output − x_active)`, where row i of the coefficients makes c_i.
 *
 * Kernels `AltUpCorrect`, `AltUpCorrectGrad`.
 *
 * @param predictions a tensors [..., d]
 * @param output [..., d]
 * @returns a tensors [..., d]
 */
export function altUpCorrect(
  predictions: readonly tf.Tensor[],
  output: tf.Tensor,
  { normed, weight, coefficients }: AltUpRouter,
  { clip, active }: AltUpOptions & { active: number },
): tf.Tensor[] {
  const inputs = { normed, weight, coefficients, output, ...numbered('copy', predictions) } as Inputs &
    NamedTensors<'output'>;
  return correctOp(inputs, { clip, active, copies: predictions.length });
}
