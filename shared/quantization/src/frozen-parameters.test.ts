/** @file Models that do not learn, in every format: what they compute, and gradients through them, are those of the numbers that their bytes stand for. */
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { decoderConfig, initialWeights, modelParameters } from '@arrowsmith/model';
import { isFrozen, isStored, linear, type Weight } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { numberFormats } from './formats/index.ts';
import { storeAs } from './store-as.ts';
import { frozenParameters } from './stored-model.ts';
import { decodeStored, storeFloat32 } from './weight-formats.ts';

const config = decoderConfig(
  modelParameters.parse({ hiddenSize: 256, layers: 1, heads: 4, kvHeads: 1, intermediateSize: 256 }),
  { vocabularySize: 40, contextLength: 8 },
);
const MATRIX = 'model.layers.0.self_attn.k_proj.weight';

describe.runIf(resolveBackend('auto') === 'native')('on native', () => {
  beforeAll(() => useBackend('native', { precision: 'f32' }));

  test.each([...numberFormats.keys()])('%s, bit for bit', (format) => {
    const values = initialWeights(config, 1)[MATRIX]!;
    const stored = storeAs(format, values, MATRIX);
    const floats = storeFloat32({ shape: values.shape, data: decodeStored(stored) });
    const open = (tensor: typeof stored) =>
      frozenParameters({ config, names: [MATRIX], sizes: [], read: () => tensor });
    const x = tf.randomUniform([19, 256], -1, 1, 'float32', 3);
    const computed = (parameters: Readonly<Record<string, Weight>>): Uint32Array[] => {
      const { value, grad } = tf.valueAndGrad((input) => tf.sum(tf.square(linear(input, parameters[MATRIX]!))))(x);
      return [value, grad].map((tensor) => new Uint32Array(tensor.dataSync<'float32'>().slice().buffer));
    };
    const own = open(stored);
    expect(computed(own)).toEqual(computed(open(floats)));
    const kept = own[MATRIX]!;
    expect(isFrozen(kept) && isStored(kept.frozen) && kept.frozen.format).toBe(format);
  });
});
