/** @file Small models of all kinds, whose channels may be scaled, and what is known of their inputs. */
import {
  decoderConfig,
  type DecoderConfig,
  forward,
  initialWeights,
  logits,
  modelParameters,
  type Parameters,
  tensorsOf,
  type Weights,
} from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { type Calibrated, createCalibration } from '../calibration.ts';

const contextLength = 12;
export const ids = Int32Array.from({ length: 2 * contextLength }, (_, i) => (i * i + 3) % 13);
const idTensor = () => tf.tensor2d(ids, [2, contextLength], 'int32');

export const configOf = (more: object) =>
  decoderConfig(
    modelParameters.parse({
      hiddenSize: 32,
      layers: 2,
      heads: 4,
      kvHeads: 2,
      intermediateSize: 32,
      initializerRange: 0.3,
      ...more,
    }),
    { vocabularySize: 13, contextLength },
  );

/** Of which norms are no ones, and biases no zeros, so that they matter. */
export function weightsOf(config: DecoderConfig): Weights {
  const weights = initialWeights(config, 1);
  for (const { shape, data } of Object.values(weights))
    if (shape.length === 1) for (let i = 0; i < data.length; i++) data[i]! += 0.4 * Math.sin(5 * i + 2);
  return weights;
}

/** Of a model's weights, or of parameters that are on the backend. */
export function logitsOf(
  config: DecoderConfig,
  { weights, ...given }: { weights?: Weights; parameters?: Parameters },
): Float32Array {
  return tf.tidy(() => {
    const parameters = given.parameters ?? tensorsOf(weights ?? {});
    return logits(config, parameters, forward(config, parameters, idTensor()))
      .dataSync<'float32'>()
      .slice();
  });
}

/** What the model's matrices are multiplied with as it reads the ids. */
export async function inputsOf(config: DecoderConfig, weights: Weights): Promise<Calibrated> {
  const parameters = tensorsOf(weights);
  const calibration = createCalibration(config, parameters, { products: true });
  await calibration.see(() => forward(config, parameters, idTensor()), Array<boolean>(ids.length).fill(true));
  tf.dispose(parameters);
  return calibration.inputs;
}

/** What a generator yields, and what it returns. */
export async function runAll<Y, R>(
  running: Generator<Y, R> | AsyncGenerator<Y, R>,
): Promise<{ chosen: Y[]; result: R }> {
  const chosen: Y[] = [];
  for (;;) {
    const next = await running.next();
    if (next.done === true) return { chosen, result: next.value };
    chosen.push(next.value);
  }
}

/** How far numbers are from others, relative to the largest of those. */
export function largestDifference(numbers: Float32Array, others: Float32Array): number {
  const most = (values: Float32Array) => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return most(numbers.map((value, i) => value - others[i]!)) / most(others);
}

export const variants: [name: string, options: object][] = [
  ...['llama3', 'llama4', 'qwen3-moe', 'command-a', 'gemma3', 'gemma3n'].map((family): [string, object] => [
    family,
    { family, window: 4, chunk: 4 },
  ]),
  ['untied, with biases', { tieWordEmbeddings: false, attentionBias: true, ffnBias: true }],
];
