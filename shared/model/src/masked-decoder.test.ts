/** @file Decoders with masks of any form: whole sequences, documents in succession, and generation with a cache of either precision. */
import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import { type BlockMask, hasInt8Rows, maskOf } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { forward } from './decoder.ts';
import { createKvCache } from './kv-cache.ts';
import type { KvPrecision } from './kv-precision.ts';
import { modelParameters } from './model-parameters.ts';
import { initialWeights } from './parameters.ts';
import { tensorsOf } from './tensors.ts';
import { continueAll } from './testing/cached.ts';

const CONTEXT = 80;
const PREFIX = 7;

/** Its layers have windows, which a mask takes the place of. */
const config = decoderConfig(
  modelParameters.parse({
    family: 'gemma3',
    layers: 2,
    hiddenSize: 16,
    heads: 4,
    kvHeads: 2,
    intermediateSize: 20,
    initializerRange: 0.3,
    window: 5,
  }),
  { vocabularySize: 17, contextLength: CONTEXT },
);
const weights = initialWeights(config, 1);
const ids = Array.from({ length: CONTEXT - 6 }, (_, i) => (i * i + 3) % 17);
const tensorOf = (row: readonly number[]) => tf.tensor2d([...row], [1, row.length], 'int32');

const masks = {
  causal: maskOf((query, key) => key <= query),
  'prefix-LM': maskOf((query, key) => key <= query || key < PREFIX),
  dilated: maskOf((query, key) => key <= query && (query - key) % 3 === 0),
  documents: maskOf((query, key) => key <= query && query < 30 === key < 30),
} satisfies Record<string, BlockMask>;
const cases = Object.entries(masks);

/** The hidden states of all tokens, by the reference. */
const expected = new Map<BlockMask, tf.Tensor>();
beforeAll(async () => {
  await useBackend('cpu');
  const parameters = tensorsOf(weights);
  for (const mask of Object.values(masks)) {
    expected.set(mask, tf.keep(forward(config, parameters, tensorOf(ids), { mask })));
  }
});

/** How far hidden states are from those by the reference. */
function errorOf(hidden: tf.Tensor, mask: BlockMask): number {
  const right = expected.get(mask) ?? tf.scalar(NaN);
  return tf.max(tf.abs(tf.sub(hidden, right))).dataSync<'float32'>()[0] ?? NaN;
}

/** All tokens with a cache: the prefix, then a token, three, a token, three … */
function generated(mask: BlockMask, precision?: KvPrecision): tf.Tensor {
  const parameters = tensorsOf(weights);
  const cache = createKvCache(config, { precision });
  const pieces: tf.Tensor[] = [];
  for (let length = 0; length < ids.length; length = cache.lengths[0] ?? 0) {
    const count = length === 0 ? PREFIX : Math.min(length % 2 === 0 ? 3 : 1, ids.length - length);
    pieces.push(continueAll(config, parameters, cache, [ids], count, { mask }));
  }
  cache.dispose();
  return tf.concat(pieces, 1);
}

describe.each([...new Set<BackendName>(['cpu', resolveBackend('auto')])])('a decoder with a mask on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(cases)('is that of the reference, with a whole sequence and with a cache: %s', (_, mask) => {
    const parameters = tensorsOf(weights);
    const whole = forward(config, parameters, tensorOf(ids), { mask });
    expect(errorOf(whole, mask)).toBeLessThan(1e-4); // the same sums in another order, of values up to 5
    expect(errorOf(generated(mask), mask)).toBeLessThan(1e-4);
  });

  test('sees what its mask says, and no more', () => {
    const parameters = tensorsOf(weights);
    const changed = ids.with(PREFIX - 1, 16);
    const [before, after] = [ids, changed].map((row) =>
      tf.split(forward(config, parameters, tensorOf(row), { mask: masks['prefix-LM'] }), ids.length, 1),
    ) as [tf.Tensor[], tf.Tensor[]];
    const differs = before.map((x, i) => tf.max(tf.abs(tf.sub(x, after[i]!))).dataSync()[0]! > 0);
    expect(differs).toEqual(ids.map(() => true)); // the first tokens, too, see the end of the prefix
    const [one, other] = [ids, ids.with(29, 16)].map((row) =>
      tf.slice(forward(config, parameters, tensorOf(row), { mask: masks.documents }), [0, 30, 0]).dataSync(),
    );
    expect(other).toEqual(one);
  });

  test('gives documents in succession what each has alone', () => {
    const parameters = tensorsOf(weights);
    const mask = masks['prefix-LM'];
    const lengths = [40, ids.length - 40];
    const starts = ids.map((__, position) => (position < 40 ? 0 : 40));
    const together = forward(config, parameters, tensorOf(ids), { mask, documentOffsets: tensorOf(starts) });
    const alone = forward(config, parameters, tensorOf(ids.slice(40)), { mask });
    const difference = tf.max(tf.abs(tf.sub(tf.split(together, lengths, 1)[1]!, alone))).dataSync()[0];
    expect(difference).toBeLessThan(1e-4); // positions are relative: the same angles, but for rounding
  });

  test('is refused where attention is by dual chunks', () => {
    const dualChunk = { chunk: 8, trainedLength: 40 };
    const layers = config.layers.map((layer) => ({ ...layer, attention: { ...layer.attention, dualChunk } }));
    const extended = { ...config, layers };
    expect(() => forward(extended, tensorsOf(weights), tensorOf(ids), { mask: masks.causal })).toThrow(
      'dual chunk attention takes no mask',
    );
  });
});

describe.runIf(resolveBackend('auto') === 'native')('keys and values of int8', () => {
  beforeAll(() => useBackend('native'));

  test.each(cases)('are seen as a mask says: %s', (_, mask) => {
    expect(hasInt8Rows()).toBe(true);
    const hidden = generated(mask, 'int8');
    expect(errorOf(hidden, mask)).toBeLessThan(0.1); // keys and values are within 1/254 of their head's largest
    const others = cases.flatMap(([, other]) => (other === mask ? [] : [errorOf(hidden, other)]));
    expect(Math.min(...others)).toBeGreaterThan(1);
  });
});
