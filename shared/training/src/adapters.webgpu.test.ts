/** @file Adapters beside matrices that stay stored in few bits (QLoRA), on the backend webgpu: the reference's gradients, beside the numbers that the bits stand for. */
import { useBackend } from '@arrowsmith/engine';
import {
  adapterConfig,
  adaptParameters,
  decoderConfig,
  initialWeights,
  modelParameters,
  tensorsOf,
} from '@arrowsmith/model';
import { isFrozen, isStored } from '@arrowsmith/ops';
import { formatForRows } from '@arrowsmith/quantization/formats';
import { frozenParameters } from '@arrowsmith/quantization/model';
import { isQuantizable, storeAs } from '@arrowsmith/quantization';
import { expect, test } from 'vitest';
import { batchGradients } from './gradients.ts';
import { someAdapters } from './testing/some-adapters.ts';
import { config as tiny, trainSplit } from './testing/tiny-run.ts';

test.each([
  ['llama3', 'int4-g32'],
  ['qwen3-moe', 'Q8_0'],
] as const)('gradients of adapters of %s, beside matrices in %s', async (family, format) => {
  const config = decoderConfig(
    modelParameters.parse({ family, hiddenSize: 32, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 64 }),
    { vocabularySize: tiny.vocabularySize, contextLength: tiny.contextLength },
  );
  const weights = initialWeights(config, 5);
  const model = {
    config,
    names: Object.keys(weights),
    sizes: [],
    read(name: string) {
      const { shape, data } = weights[name]!;
      const own = isQuantizable(shape) ? formatForRows(format, shape.at(-1)!).name : 'f32';
      return storeAs(own, { shape, data }, name);
    },
  };
  const adapters = adapterConfig(config, { rank: 2, alpha: 3, projections: 'all' }, 'adapt');
  const own = someAdapters(config, adapters);
  const batch = await trainSplit.read([1, 2, 3, 4]);
  const results: Record<string, Float32Array>[] = [];
  for (const backend of ['cpu', 'webgpu'] as const) {
    await useBackend(backend);
    const base = frozenParameters(model);
    const matrix = base['model.layers.0.self_attn.q_proj.weight']!;
    expect(isFrozen(matrix) && isStored(matrix.frozen)).toBe(backend === 'webgpu');
    const { gradients } = await batchGradients({
      config,
      batch,
      rows: 4,
      microBatches: 1,
      parameters: tensorsOf(own),
      bind: (tensors) => adaptParameters(config, adapters, base, tensors),
    });
    const entries = Object.entries(gradients).map(
      async ([name, x]) => [name, (await x.data<'float32'>()).slice()] as const,
    );
    results.push(Object.fromEntries(await Promise.all(entries)));
  }
  const [expected, found] = results as [Record<string, Float32Array>, Record<string, Float32Array>];
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(expected)) {
    const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-4);
    for (const [i, x] of values.entries()) expect(Math.abs(found[name]![i]! - x)).toBeLessThan(1e-4 * largest); // float32 in other orders
  }
});
