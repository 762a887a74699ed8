import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { extendContext } from './context-extension.ts';
import { forward } from './decoder.ts';
import { modelParameters } from './model-parameters.ts';
import { initialWeights } from './parameters.ts';
import { tensorsOf } from './tensors.ts';

test('on webgpu, a context beyond that of training is read as elsewhere, where heads share keys, too', async () => {
  const sizes = { hiddenSize: 16, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 16 };
  const trained = decoderConfig(modelParameters.parse(sizes), { vocabularySize: 13, contextLength: 8 });
  const config = extendContext(trained, { method: 'dual-chunk', factor: 3 });
  const ids = Int32Array.from({ length: 2 * 24 }, (_, i) => (i * i + 3) % 13);
  const readOn = async (backend: 'cpu' | 'webgpu') => {
    await useBackend(backend);
    const parameters = tensorsOf(initialWeights(config, 1));
    return forward(config, parameters, tf.tensor2d(ids, [2, 24], 'int32')).data<'float32'>();
  };
  const [expected, found] = [await readOn('cpu'), await readOn('webgpu')];
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  // float32 in other orders
  for (const [i, x] of expected.entries()) expect(Math.abs(found[i]! - x)).toBeLessThan(1e-5 * largest);
});
