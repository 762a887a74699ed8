import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import { fakeQuantize } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { fakeQuantized, nearestValues } from './fake-quantization.ts';
import { formatByName } from './format-rules.ts';
import { numberFormats } from './formats/index.ts';
import { quantizeModel } from './quantize-model.ts';
import { storeAs } from './store-as.ts';
import { decodeStored } from './weight-formats.ts';

/** Of a super-block, so that every format takes it. */
const COLUMNS = 256;

/** Numbers in (−1, 1), the same each time. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0) / 2 ** 31;
}

const valuesOf = (rows: number, next: (i: number) => number): Float32Array =>
  Float32Array.from({ length: rows * COLUMNS }, (_, i) => next(i));

/** Values as weights are, and those at which rounding goes another way: of more than one piece of work of a kernel. */
function allKinds(): Float32Array {
  const next = uniform(7);
  const kinds = [
    valuesOf(40, () => 0.05 * (next() + next() + next())),
    valuesOf(10, () => next() * 10 ** (5 * next() - 2)),
    valuesOf(5, () => Math.round(8 * next())), // many lie half way
    valuesOf(3, () => 1e-6 * next()), // scales are no normal halves
    valuesOf(3, () => 1e-42 * next()), // scales have no inverse
    valuesOf(3, () => 65_504 * next()),
    valuesOf(3, () => 1 + next()),
    valuesOf(3, () => next() - 1),
    valuesOf(3, (i) => (i % 9 === 0 ? next() : i % 2 === 0 ? 0 : -0)),
    valuesOf(1, () => -0.3),
    valuesOf(1, () => 0),
    valuesOf(2, (i) => [NaN, Infinity, 70_000][i % 131] ?? next()),
  ];
  return Float32Array.from(kinds.flatMap((values) => Array.from(values)));
}

const VALUES = allKinds();

/** Compares bits, except that all NaNs are one, and says where the first are that differ. */
function expectSameBits(found: Float32Array, expected: Float32Array): void {
  const differs = (i: number) => !Object.is(found[i], expected[i]);
  const first = expected.findIndex((_, i) => differs(i));
  expect(found.length).toBe(expected.length);
  expect(first, `${VALUES[first]} becomes ${found[first]}, not ${expected[first]}`).toBe(-1);
}

describe.each([...numberFormats.keys()])('%s', (format) => {
  test('leaves the values that it stores', () => {
    const data = VALUES.subarray(0, 8 * COLUMNS);
    const stored = storeAs(format, { shape: [8, COLUMNS], data });
    expectSameBits(nearestValues(format, data, COLUMNS), decodeStored(stored));
  });

  test.runIf(resolveBackend('auto') === 'native')('has the same bits on the backend native', async () => {
    const expected = nearestValues(format, VALUES, COLUMNS);
    for (const threads of [1, 2]) {
      await useBackend('native', { threads });
      const x = tf.tensor2d(VALUES, [VALUES.length / COLUMNS, COLUMNS]);
      const native = fakeQuantize(x, format, () => {
        throw new Error('the reference was asked');
      });
      expectSameBits((await native.data()) as Float32Array, expected);
      tf.dispose([x, native]);
    }
  });
});

test('of what no number of a format stands for, its whole block is NaN, and nothing else', () => {
  const values = Float32Array.from({ length: 128 }, (_, i) => (i === 40 ? NaN : i === 70 ? 65_505 : 0.1));
  const isNone = (format: string) => Array.from(nearestValues(format, values, 64), Number.isNaN);
  const within = (...ranges: [number, number][]) =>
    Array.from(values, (_, i) => ranges.some(([begin, end]) => i >= begin && i < end));
  expect(isNone('Q4_0')).toEqual(within([32, 96]));
  expect(isNone('f16')).toEqual(within([40, 41], [70, 71]));
  expect(isNone('bf16')).toEqual(within([40, 41]));
  expect(isNone('int8')).toEqual(within([0, 64])); // a row, whose scale takes 65,505
});

describe('a model', () => {
  beforeAll(() => useBackend('cpu'));

  test('has each matrix as its own format leaves it, in stacks, too, and else its own tensors', async () => {
    const moe = { experts: 2, topK: 1, intermediateSize: 8 };
    const size = { hiddenSize: 32, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 64, tieWordEmbeddings: false };
    const config = decoderConfig(modelParameters.parse({ ...size, moe }), { vocabularySize: 20, contextLength: 8 });
    const weights = initialWeights(config, 1);
    const parameters = tensorsOf(weights);
    const rules = { embeddings: 'Q8_0', output: 'f32', experts: 'int4-g128' };
    const formatOf = formatByName(config, 'int4-g32', rules);
    const before = tf.memory().numTensors;
    const quantized = fakeQuantized(parameters, formatOf);
    const running = quantizeModel({ config, weights, formatOf, method: 'nearest' });
    let next = await running.next();
    while (next.done !== true) next = await running.next();
    const formats = new Set<string>();
    for (const [name, stored] of Object.entries(next.value.tensors)) {
      formats.add(`${stored.shape.length} axes of ${stored.shape.at(-1)}: ${stored.format}`);
      expect(quantized.parameters[name]!.dataSync(), name).toEqual(decodeStored(stored));
      expect(quantized.parameters[name] === parameters[name], name).toBe(stored.format === 'f32');
    }
    expect([...formats].sort()).toEqual([
      '1 axes of 32: f32',
      '2 axes of 32: Q8_0',
      '2 axes of 32: f32',
      '2 axes of 32: int4-g32',
      '3 axes of 32: int4-g32', // of 128 there is no whole block
      '3 axes of 8: int8',
    ]);
    tf.dispose(quantized.copies);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(parameters);
  });
});
