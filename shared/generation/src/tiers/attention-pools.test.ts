import { useBackend } from '@arrowsmith/engine';
import { decoderConfig, modelParameters } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { AttentionPools } from './attention-pools.ts';
import type { Order } from './messages.ts';

beforeAll(() => useBackend('cpu'));

const sizes = { hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1 };
const config = decoderConfig(modelParameters.parse(sizes), { vocabularySize: 9, contextLength: 16 });

/** One layer with heads of four, in blocks of two tokens: rows 0 and 1 are a block's keys, 2 and 3 its values. */
const open: Order = {
  kind: 'open',
  pool: 1,
  config,
  memory: { layers: [{ group: 0, keyOffset: 0, valueOffset: 2 }], blockSize: 2 },
  elements: 32,
  precision: 'f32',
};
const plan: Order = {
  kind: 'plan',
  pool: 1,
  pass: 1,
  plan: [{ tokens: 1, length: 1, groups: [{ blocks: Int32Array.of(4), slots: Int32Array.of(4) }] }],
};
const v = [1, 2, 3, 4];
const attend = (own: number, change: Partial<Extract<Order, { kind: 'attend' }>> = {}): Order => ({
  kind: 'attend',
  pool: 1,
  pass: 1,
  layer: 0,
  queries: { size: 8, values: new Float32Array(8) },
  own: {
    k: { size: 4, values: new Float32Array(4) },
    v: { size: 4, values: Float32Array.from(v, (x) => own * x) },
  },
  ...change,
});

test('a token alone attends to its own value, which can be moved, kept and brought back', () => {
  const before = tf.memory().numTensors;
  const pools = new AttentionPools();
  const attended = (order: Order) => {
    const answer = pools.obey(order);
    return answer?.kind === 'attended' ? [...answer.attended.values] : answer;
  };
  expect(pools.obey(open)).toBeUndefined();
  pools.obey(plan);
  expect(attended(attend(1))).toEqual([...v, ...v]);
  pools.obey({ kind: 'keep', pool: 1, kept: 7, rows: [{ layer: 0, from: 6, to: 0, rows: 1 }] });
  expect(attended(attend(5))).toEqual([...v, ...v].map((x) => 5 * x));
  pools.obey({ kind: 'restore', pool: 1, kept: 7, rows: [{ layer: 0, from: 0, to: 6, rows: 1 }] });
  expect(attended(attend(1, { own: undefined }))).toEqual([...v, ...v]);
  pools.obey({ kind: 'copy', pool: 1, rows: [{ layer: 0, from: 6, to: 2, rows: 1 }] });
  pools.obey({
    ...plan,
    plan: [{ tokens: 1, length: 1, groups: [{ blocks: Int32Array.of(0), slots: Int32Array.of(0) }] }],
  });
  expect(attended(attend(1, { own: undefined }))).toEqual([...v, ...v]);
  pools.obey({ kind: 'close', pool: 1 });
  expect(tf.memory().numTensors).toBe(before);
});

test.each([
  ['another pass', attend(1, { pass: 2 }), 'there is no pass 2'],
  ['a layer that is not there', attend(1, { layer: 1 }), 'layer 1'],
  ['heads of another size', attend(1, { queries: { size: 4, values: new Float32Array(4) } }), '2 heads of 4'],
  ['too many tokens', attend(1, { queries: { size: 8, values: new Float32Array(16) } }), '16 numbers are not 1 tokens'],
  ['another memory', attend(1, { pool: 2 }), 'there is no memory 2'],
])('an order about %s fails, and others do not', (_, order, message) => {
  const pools = new AttentionPools();
  for (const each of [open, plan]) pools.obey(each);
  expect(pools.obey(order)).toMatchObject({ kind: 'failed', message: expect.stringContaining(message) });
  expect(pools.obey(attend(1))).toMatchObject({ kind: 'attended' });
  pools.obey({ kind: 'close', pool: 1 });
});

test('a memory that could not do what it was told is not trusted any more, until it is opened again', () => {
  const pools = new AttentionPools();
  pools.obey(open);
  pools.obey(plan);
  pools.obey({ kind: 'restore', pool: 1, kept: 3, rows: [{ layer: 0, from: 0, to: 6, rows: 1 }] });
  expect(pools.obey(attend(1))).toMatchObject({ kind: 'failed', message: 'no 1 rows of layer 0 are kept at 0' });
  pools.obey({ kind: 'close', pool: 1 });
  for (const each of [open, plan]) pools.obey(each);
  expect(pools.obey(attend(1))).toMatchObject({ kind: 'attended' });
  pools.obey({ kind: 'close', pool: 1 });
});
