/**
 * @file No pass forward or backward reads a tensor: a GPU, which computes while JavaScript goes on, could not answer at once. On `cpu`, which has
 * none of the fused kernels, this is about what every backend runs that has none; on `native`, about the rest.
 */
import { type BackendName, resolveBackend, useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { withoutReads } from '../../ops/src/testing/without-reads.ts';
import { decoderConfig } from './architecture.ts';
import type { DecoderConfig } from './config.ts';
import { extendContext } from './context-extension.ts';
import { forward } from './decoder.ts';
import { families } from './families/index.ts';
import { createKvCache } from './kv-cache.ts';
import { modelParameters } from './model-parameters.ts';
import { PER_LAYER_TABLE } from './modules.ts';
import { expertLoads, logits, lossTerms, targetLosses, type LossOptions } from './outputs.ts';
import { initialWeights } from './parameters.ts';
import { perLayerRowsOf } from './per-layer-embedding.ts';
import { tensorsOf } from './tensors.ts';
import { continueRows } from './testing/cached.ts';

const plain = { hiddenSize: 16, layers: 5, heads: 4, kvHeads: 2, intermediateSize: 16 };
const sizes = { ...plain, window: 3, chunk: 3 };
const data = { vocabularySize: 13, contextLength: 12 };
const configOf = (family: string) => decoderConfig(modelParameters.parse({ family, ...sizes }), data);

const ids = Int32Array.of(3, 1, 4, 1, 5, 9, 2, 6, 2, 7, 1, 8, 2, 8, 1, 8);
const shape: [number, number] = [2, 8];
const rows = [Array.from(ids.subarray(0, 8)), Array.from(ids.subarray(8))];
const int32 = (values: Int32Array) => tf.tensor2d(values, shape, 'int32');
const documentOffsets = () => int32(Int32Array.from(ids, (_, i) => (i % 8 < 5 ? 0 : 5)));

/** Loss and gradients. */
function trainingStep(config: DecoderConfig, options: LossOptions): tf.Tensor[] {
  const weights = tensorsOf(initialWeights(config, 1));
  const lossOf = (...tensors: tf.Tensor[]) => {
    const parameters = Object.fromEntries(Object.keys(weights).map((name, i) => [name, tensors[i]!]));
    return lossTerms(config, parameters, int32(ids), int32(ids), options).total as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(lossOf)(Object.values(weights));
  return [value, ...grads];
}

function expectFinite(tensors: readonly tf.Tensor[]): void {
  for (const tensor of tensors) expect(tensor.dataSync().every(Number.isFinite)).toBe(true);
}

const backends = new Set<BackendName>(['cpu', resolveBackend('auto')]);

describe.each([...backends])('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('a read is noticed, wherever it is', () => {
    const x = tf.ones([2]);
    const reads: (() => unknown)[] = [() => x.dataSync(), () => x.arraySync(), () => x.bufferSync()];
    for (const read of reads) expect(() => withoutReads(read)).toThrow('a tensor is read synchronously');
    expect(x.arraySync()).toEqual([1, 1]);
  });

  describe.each(Object.keys(families))('%s reads no tensor', (family) => {
    const config = configOf(family);

    test.each([{}, { recompute: true }])('in a step of training with documents and %o', (options) => {
      expectFinite(withoutReads(() => trainingStep(config, { ...options, documentOffsets: documentOffsets() })));
    });

    test('when it is evaluated, with a table of embeddings that is elsewhere', () => {
      const { [PER_LAYER_TABLE]: table, ...weights } = initialWeights(config, 1);
      const rowsOf = (of: Int32Array) => {
        const width = table!.shape[1]!;
        return Float32Array.from(
          { length: of.length * width },
          (_, i) => table!.data[of[Math.floor(i / width)]! * width + (i % width)]!,
        );
      };
      const results = withoutReads(() => {
        const parameters = tensorsOf(weights);
        const perLayerRows = perLayerRowsOf(config, ids, shape, table && rowsOf);
        const hidden = forward(config, parameters, int32(ids), { perLayerRows });
        return [targetLosses(config, parameters, hidden, tf.tensor1d(ids, 'int32'))];
      });
      expectFinite(results);
    });

    test('when it continues a text, or says which experts it uses', () => {
      const results = withoutReads(() => {
        const parameters = tensorsOf(initialWeights(config, 1));
        const cache = createKvCache(config, { sequences: 2 });
        const prompt = continueRows(config, parameters, cache, rows);
        const next = continueRows(config, parameters, cache, [[1], [2]]);
        const scores = next.map((hidden) => logits(config, parameters, hidden));
        return [...prompt, ...scores, ...expertLoads(config, parameters, int32(ids))];
      });
      expectFinite(results);
    });
  });

  test('a model of pictures reads no tensor in a step of training', () => {
    const vision = { patchSize: 2, channels: 3, patches: 4 };
    const config = decoderConfig(modelParameters.parse({ family: 'llama4', ...sizes }), { ...data, vision });
    const patches = tf.randomUniform([2, 4, 12], -1, 1, 'float32', 1);
    expectFinite(withoutReads(() => trainingStep(config, { patches })));
  });

  test('a model whose context was extended reads no tensor when it continues a text', () => {
    const config = decoderConfig(modelParameters.parse(plain), { ...data, contextLength: 6 });
    const extended = extendContext(config, { method: 'dual-chunk', factor: 2 });
    const results = withoutReads(() => {
      const parameters = tensorsOf(initialWeights(config, 1));
      const cache = createKvCache(extended, { sequences: 2 });
      return [rows, [[1], [2]]].flatMap((pieces) => continueRows(extended, parameters, cache, pieces));
    });
    expectFinite(results);
  });
});
