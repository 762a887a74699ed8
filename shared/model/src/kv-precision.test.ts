import { expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { kvBytes, scaleSpan } from './kv-precision.ts';
import { modelParameters } from './model-parameters.ts';

/** A decoder with a head of each size. */
function configOf(headDims: readonly number[]) {
  const sizes = { hiddenSize: 16, heads: 2, kvHeads: 1, layers: headDims.length, intermediateSize: 8 };
  const config = decoderConfig(modelParameters.parse(sizes), { vocabularySize: 8, contextLength: 8 });
  const layers = config.layers.map((layer, i) => ({
    ...layer,
    attention: { ...layer.attention, headDim: headDims[i] ?? 0 },
  }));
  return { ...config, layers };
}

test('a head of h numbers takes h + 4 bytes as int8, and 4 h as float32', () => {
  const config = configOf([48, 48]);
  expect(kvBytes(config, 'int8')(3 * 48)).toBe(3 * (48 + 4));
  expect(kvBytes(config, 'f32')(3 * 48)).toBe(3 * 4 * 48);
});

test('where heads differ in size, wherever one begins there is a scale', () => {
  const config = configOf([512, 256, 128 + 256]);
  expect(scaleSpan(config)).toBe(128);
  expect(kvBytes(config, 'int8')(512)).toBe(512 + 4 * 4);
});
