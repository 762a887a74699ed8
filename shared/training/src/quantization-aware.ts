/**
 * @file Quantization-aware training: from some step on, whatever the model computes, it computes with matrices that have the values that they will have
 * once they are stored in fewer bits ({@link fakeQuantized}). The loss's gradient at these values is taken for that of the float32 weights, which the
 * optimizer updates as ever: rounding counts as the identity (the straight-through estimator, Bengio et al. 2013, https://arxiv.org/abs/1308.3432).
 * Steps of the cool-down do both, as it costs fewer of them than one after the other (Dremov et al. 2025, https://arxiv.org/abs/2509.22935).
 */
import type { DecoderConfig, ParameterTensors } from '@arrowsmith/model';
import { fakeQuantized } from '@arrowsmith/quantization/fake-quantization';
import { formatByName } from '@arrowsmith/quantization/format-rules';
import * as tf from '@tensorflow/tfjs-core';
import type { QuantizationParameters } from './parameters.ts';

/**
 * Calls `f` with what the model multiplies with: the parameters, or with `quantization` their nearest values in the formats asked for, which are gone
 * afterwards.
 */
export async function withNearest<T>(
  config: DecoderConfig,
  quantization: QuantizationParameters | undefined,
  parameters: ParameterTensors,
  f: (parameters: ParameterTensors) => Promise<T>,
): Promise<T> {
  if (quantization === undefined) return f(parameters);
  const formatOf = formatByName(config, quantization.format, quantization.formats ?? {});
  const quantized = fakeQuantized(parameters, formatOf);
  try {
    return await f(quantized.parameters);
  } finally {
    tf.dispose(quantized.copies);
  }
}
