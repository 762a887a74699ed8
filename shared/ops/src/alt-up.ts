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

/** What makes the coefficients of a position: `coefficients · tanh(weight · norm(x) / d)`. */
export interface AltUpRouter {
  /** Gains of the norm, [d]. */
  norm: tf.Tensor;
  /** [a, d]; the tanh says how much each copy counts. */
  weight: tf.Tensor;
  /** Coefficients by copy, [a², a] of {@link altUpPredict}, [a, a] of {@link altUpCorrect}. */
  coefficients: tf.Tensor;
}

export type AltUpOptions = {
  /** The copy that the layer computes. */
  active: number;
  /** Clips the coefficients to ± this, in training; 0 for not at all. */
  clip: number;
  /** Whether the norm takes the mean away: LayerNorm in place of RMSNorm. */
  centered?: boolean;
  /** Added to the norm's mean square. */
  epsilon: number;
  /** Whether the norm's gains are 1 + what is stored. */
  unitOffset?: boolean;
};

type Inputs = NamedTensors<'norm' | 'weight' | 'coefficients'>;
type Attributes = Required<AltUpOptions> & {
  /** The number of copies. */
  copies: number;
};

/** [..., d] -> [n, d] */
const asRows = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [-1, x.shape.at(-1)!]);

/** [n, m] -> [n, 1] */
const column = (x: tf.Tensor, index: number): tf.Tensor => tf.slice(x, [0, index], [x.shape[0]!, 1]);

/** A position without the norm's gains, [n, d], and by what it was multiplied, [n, 1]. */
function normedOf(x: tf.Tensor, { centered, epsilon }: Attributes): { normed: tf.Tensor; inverse: tf.Tensor } {
  const rows = centered ? tf.sub(asRows(x), tf.mean(asRows(x), 1, true)) : asRows(x);
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(rows), 1, true), epsilon));
  return { normed: tf.mul(rows, inverse), inverse };
}

const gainsOf = ({ norm }: Inputs, { unitOffset }: Attributes): tf.Tensor => (unitOffset ? tf.add(norm, 1) : norm);

/** [n, a] in (−1, 1) */
function modalitiesOf(x: tf.Tensor, router: Inputs, attributes: Attributes): tf.Tensor {
  const normed = tf.mul(normedOf(x, attributes).normed, gainsOf(router, attributes));
  return tf.tanh(tf.div(tf.matMul(normed, transposeMatrix(router.weight)), x.shape.at(-1)!));
}

/** [n, a² or a] */
function mixtureOf({ coefficients }: Inputs, modalities: tf.Tensor, { clip }: Attributes): tf.Tensor {
  return tf.matMul(modalities, transposeMatrix(clipped(coefficients, clip)));
}

function clipped(coefficients: tf.Tensor, clip: number): tf.Tensor {
  return clip === 0 ? coefficients : tf.clipByValue(coefficients, -clip, clip);
}

/** The router's gradients, given that of the mixture: by the position that it reads, and by norm, weight and coefficients. */
function routerGradients(
  x: tf.Tensor,
  router: Inputs,
  modalities: tf.Tensor,
  dMixture: tf.Tensor,
  attributes: Attributes,
): { dX: tf.Tensor; dRouter: tf.Tensor[] } {
  const { weight, coefficients } = router;
  const { clip, centered } = attributes;
  const { normed, inverse } = normedOf(x, attributes);
  const gains = gainsOf(router, attributes);
  const dClipped = tf.matMul(transposeMatrix(dMixture), modalities);
  const dCoefficients =
    clip === 0 ? dClipped : tf.mul(dClipped, tf.cast(tf.lessEqual(tf.abs(coefficients), clip), 'float32'));
  const dModalities = tf.matMul(dMixture, clipped(coefficients, clip)); // [n, a]
  const dLogits = tf.div(tf.mul(dModalities, tf.sub(1, tf.square(modalities))), x.shape.at(-1)!);
  const products = tf.matMul(transposeMatrix(dLogits), normed); // [a, d]
  const dNorm = tf.matMul(tf.ones([1, weight.shape[0]!]), tf.mul(products, weight)); // [1, d], the sum over copies
  const dNormed = tf.mul(tf.matMul(dLogits, weight), gains); // [n, d]
  const projection = tf.mul(normed, tf.mean(tf.mul(dNormed, normed), 1, true));
  const shifted = centered ? tf.sub(dNormed, tf.mean(dNormed, 1, true)) : dNormed;
  return {
    dX: tf.reshape(tf.mul(tf.sub(shifted, projection), inverse), x.shape),
    dRouter: [tf.reshape(dNorm, gains.shape), tf.mul(products, gains), dCoefficients],
  };
}

const predictOp = defineOp({
  kernelName: 'AltUpPredict',
  values: ({ copies }: Attributes) => copies,
  forward({ norm, weight, coefficients, ...copies }: Inputs & NamedTensors, attributes) {
    const router = { norm, weight, coefficients };
    const modalities = modalitiesOf(Object.values(copies)[attributes.active]!, router, attributes);
    const mixture = mixtureOf(router, modalities, attributes);
    const rows = Object.values(copies).map(asRows);
    const ys = Object.values(copies).map((copy, i) => {
      const additions = rows.map((other, j) => tf.mul(other, column(mixture, i * rows.length + j)));
      return tf.reshape(tf.addN([rows[i]!, ...additions]), copy.shape);
    });
    return [...ys, modalities];
  },
  saved: (inputs) => inputs,
  gradient(dValues, { norm, weight, coefficients, ...copies }, [modalities], attributes) {
    const router = { norm, weight, coefficients };
    const mixture = mixtureOf(router, modalities!, attributes);
    const rows = Object.values(copies).map(asRows);
    const dRows = dValues.map(asRows);
    const dMixture = dRows.flatMap((dRow) => rows.map((row) => tf.sum(tf.mul(dRow, row), 1, true)));
    const dCopies = dValues.map((dValue, j) => {
      const additions = dRows.map((dRow, i) => tf.mul(dRow, column(mixture, i * rows.length + j)));
      return tf.reshape(tf.addN([dRows[j]!, ...additions]), dValue.shape);
    });
    const { active } = attributes;
    const x = Object.values(copies)[active]!;
    const { dX, dRouter } = routerGradients(x, router, modalities!, tf.concat(dMixture, 1), attributes);
    return [...dRouter, ...dCopies.with(active, tf.add(dCopies[active]!, dX))];
  },
});

/**
 * What each copy will be after a layer, from all copies before it: itself, and what a mixture of all adds,
 * `y_i = x_i + Σ_j c_ij x_j`, where row i · a + j of the coefficients makes c_ij of the active copy.
 *
 * Kernels `AltUpPredict`, `AltUpPredictGrad`.
 *
 * @param copies a tensors [..., d]
 * @returns a tensors [..., d]
 */
export function altUpPredict(
  copies: readonly tf.Tensor[],
  { norm, weight, coefficients }: AltUpRouter,
  { centered = false, unitOffset = false, ...options }: AltUpOptions,
): tf.Tensor[] {
  const inputs = { norm, weight, coefficients, ...numbered('copy', copies) } as Inputs & NamedTensors;
  return predictOp(inputs, { centered, unitOffset, ...options, copies: copies.length });
}

const correctOp = defineOp({
  kernelName: 'AltUpCorrect',
  values: ({ copies }: Attributes) => copies,
  forward({ norm, weight, coefficients, output, ...copies }: Inputs & NamedTensors<'output'>, attributes) {
    const router = { norm, weight, coefficients };
    const modalities = modalitiesOf(output, router, attributes);
    const mixture = mixtureOf(router, modalities, attributes);
    const predictions: tf.Tensor[] = Object.values(copies);
    const innovation = asRows(tf.sub(output, predictions[attributes.active]!));
    const ys = predictions.map((prediction, i) => {
      const correction = tf.mul(innovation, tf.add(column(mixture, i), 1));
      return tf.add(prediction, tf.reshape(correction, prediction.shape));
    });
    return [...ys, modalities];
  },
  saved({ norm, weight, coefficients, output, ...copies }, _, { active }) {
    // Of the predictions one, since what the others add to the output, their gradients need not know.
    return { norm, weight, coefficients, output, prediction: Object.values<tf.Tensor>(copies)[active]! };
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
    const { dX, dRouter } = routerGradients(output, router, modalities!, tf.concat(dMixture, 1), attributes);
    return [...dRouter, tf.add(dOutput, dX), ...dPredictions];
  },
});

/**
 * The predictions, each moved by a share of what the layer's output differs from the prediction of the copy that it computed:
 * `y_i = x_i + (1 + c_i) (output − x_active)`, where row i of the coefficients makes c_i of the output.
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
  { norm, weight, coefficients }: AltUpRouter,
  { centered = false, unitOffset = false, ...options }: AltUpOptions,
): tf.Tensor[] {
  const inputs = { norm, weight, coefficients, output, ...numbered('copy', predictions) } as Inputs &
    NamedTensors<'output'>;
  return correctOp(inputs, { centered, unitOffset, ...options, copies: predictions.length });
}
