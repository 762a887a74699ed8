import { type BackendName, resolveBackend, useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { setImmediate } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import type { DecoderConfig } from './config.ts';
import { extendContext } from './context-extension.ts';
import { forward } from './decoder.ts';
import { forwardWithRemoteAttention, type RemoteKvPass } from './decoder-with-remote-attention.ts';
import { families } from './families/index.ts';
import { createKvCache, type KvPass } from './kv-cache.ts';
import { modelParameters } from './model-parameters.ts';
import { PER_LAYER_TABLE } from './modules.ts';
import { initialWeights } from './parameters.ts';
import { perLayerRowsOf } from './per-layer-embedding.ts';
import { attendCached } from './self-attention.ts';
import { tensorsOf } from './tensors.ts';

const sizes = { hiddenSize: 16, layers: 5, heads: 4, kvHeads: 2, intermediateSize: 16, window: 3, chunk: 3 };
const configOf = (family: string) =>
  decoderConfig(modelParameters.parse({ family, ...sizes, initializerRange: 0.3 }), {
    vocabularySize: 13,
    contextLength: 12,
  });
const configs: [string, DecoderConfig][] = [
  ...Object.keys(families).map((family): [string, DecoderConfig] => [family, configOf(family)]),
  ['llama3 with dual chunks', extendContext(configOf('llama3'), { method: 'dual-chunk', factor: 2 })],
];

/** Tokens of two sequences, in three passes. */
const passes = [
  [[3, 1, 4, 1, 5], [2]],
  [[9], [7, 1, 8]],
  [[2, 6], []],
];

/** A pass over a cache in the same process, which takes its time. */
function remotely(config: DecoderConfig, pass: KvPass): RemoteKvPass {
  return {
    positions: pass.positions,
    async attend(layer, inputs) {
      await setImmediate();
      return tf.tidy(() => attendCached(config.layers[layer]!.attention, layer, inputs, pass));
    },
  };
}

const backends = new Set<BackendName>(['cpu', resolveBackend('auto')]);

describe.each([...backends])('with attention elsewhere, on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(configs)('%s has the same hidden states to the bit, and leaves no tensors behind', async (_, config) => {
    const weights = initialWeights(config, 2);
    const { [PER_LAYER_TABLE]: table, ...others } = weights;
    const parameters = tensorsOf(config.perLayerEmbedding === null ? weights : others);
    const rowsOf = (ids: Int32Array) => {
      const size = table?.shape[1] ?? 0;
      return Float32Array.from({ length: ids.length * size }, (__, i) => {
        return table?.data[(ids[Math.floor(i / size)] ?? 0) * size + (i % size)] ?? 0;
      });
    };
    const before = tf.memory().numTensors;
    const [here, there] = [createKvCache(config, { sequences: 2 }), createKvCache(config, { sequences: 2 })];
    for (const tokens of passes) {
      const flat = Int32Array.from(tokens.flat());
      const ids = tf.tensor2d(flat, [1, flat.length], 'int32');
      const perLayerRows = perLayerRowsOf(config, flat, [1, flat.length], rowsOf);
      const counts = tokens.map(({ length }) => length);
      const expected = forward(config, parameters, ids, { cache: here.next(counts), perLayerRows });
      const pass = there.next(counts);
      const cache = remotely(config, pass);
      // Two at once, as of two models: neither disturbs the other.
      const [hidden, again] = await Promise.all(
        [0, 1].map(() => forwardWithRemoteAttention(config, parameters, ids, { cache, perLayerRows })),
      );
      pass.commit();
      expect(hidden!.dataSync()).toEqual(expected.dataSync());
      expect(again!.dataSync()).toEqual(expected.dataSync());
      tf.dispose([ids, perLayerRows ?? [], expected, hidden!, again!]);
    }
    here.dispose();
    there.dispose();
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(parameters);
  });

  test('leaves no tensors behind where attention fails', async () => {
    const config = configOf('gemma3n');
    const parameters = tensorsOf(initialWeights(config, 2));
    const ids = tf.tensor2d([[1, 2]], undefined, 'int32');
    const before = tf.memory().numTensors;
    const cache = createKvCache(config);
    const pass = remotely(config, cache.next([2]));
    const attend: RemoteKvPass['attend'] = (layer, inputs) =>
      layer === 2 ? Promise.reject(new Error('the worker is gone')) : pass.attend(layer, inputs);
    const failing = forwardWithRemoteAttention(config, parameters, ids, { cache: { ...pass, attend } });
    await expect(failing).rejects.toThrow('the worker is gone');
    cache.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses more tokens than the context', async () => {
    const config = configOf('llama3');
    const ids = tf.zeros([1, 1], 'int32');
    const cache = { positions: [12], attend: () => Promise.reject(new Error('unreachable')) };
    const longer = forwardWithRemoteAttention(config, tensorsOf(initialWeights(config, 2)), ids, { cache });
    await expect(longer).rejects.toThrow('at most 12 tokens');
  });
});
