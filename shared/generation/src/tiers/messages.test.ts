import { UserError } from '@arrowsmith/errors';
import { decoderConfig, modelParameters } from '@arrowsmith/model';
import { RecordBatchReader, tableFromArrays, tableToIPC } from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReader, frameOf } from './frames.ts';
import { type Answer, decodeAnswer, decodeOrder, encodeAnswer, encodeOrder, type Order } from './messages.ts';

const config = decoderConfig(modelParameters.parse({ hiddenSize: 8, layers: 2, heads: 2, kvHeads: 1 }), {
  vocabularySize: 9,
  contextLength: 16,
});
const vectors = (size: number, tokens: number) => ({
  size,
  values: Float32Array.from({ length: size * tokens }, (_, i) => Math.fround(1 / (1 + i))),
});
const rows = [
  { layer: 1, from: 4, to: 8, rows: 2 },
  { layer: 0, from: 0, to: 2, rows: 1 },
];
const group = (...blocks: number[]) => ({ blocks: Int32Array.from(blocks), slots: Int32Array.of(7, 8) });

const orders: Order[] = [
  {
    kind: 'open',
    pool: 3,
    config,
    memory: { layers: [{ group: 0, keyOffset: 0, valueOffset: 4 }], blockSize: 4 },
    elements: 512,
    precision: 'int8',
  },
  { kind: 'close', pool: 3 },
  { kind: 'copy', pool: 3, rows },
  { kind: 'keep', pool: 3, kept: 5, rows },
  { kind: 'restore', pool: 3, kept: 5, rows: [] },
  { kind: 'forget', pool: 3, kept: 5 },
  {
    kind: 'plan',
    pool: 3,
    pass: 2 ** 40,
    plan: [
      { tokens: 2, length: 6, groups: [group(-1, 8), group(4)] },
      { tokens: 2, length: 2, groups: [group(), group(12, 16, 20)] },
    ],
  },
  { kind: 'attend', pool: 3, pass: 9, layer: 1, queries: vectors(8, 3), own: { k: vectors(4, 3), v: vectors(4, 3) } },
  { kind: 'attend', pool: 3, pass: 9, layer: 1, queries: vectors(8, 1), own: undefined },
];

const answers: Answer[] = [
  { kind: 'ready' },
  { kind: 'attended', pool: 3, pass: 9, layer: 1, attended: vectors(8, 3) },
  { kind: 'failed', pool: 3, pass: 9, layer: 1, message: 'no “memory”\nleft' },
];

const orderBytes = (order: Order) => new Uint8Array(Buffer.concat(encodeOrder(order)));

describe('messages', () => {
  test.each(orders)('an order to $kind arrives as it was', (order) => {
    expect(decodeOrder(orderBytes(order))).toEqual(order);
  });

  test.each(answers)('an answer, $kind, arrives as it was', (answer) => {
    expect(decodeAnswer(new Uint8Array(Buffer.concat(encodeAnswer(answer))))).toEqual(answer);
  });

  test('are Arrow streams of one record batch, a row for each token, which any reader of Arrow reads', () => {
    const batches = [...RecordBatchReader.from(orderBytes(orders.at(-2)!))];
    expect(batches).toHaveLength(1);
    const [batch] = batches;
    expect(batch!.numRows).toBe(3);
    expect(batch!.schema.fields.map(String)).toEqual([
      'q: FixedSizeList[8]<Float32>',
      'k: FixedSizeList[4]<Float32>',
      'v: FixedSizeList[4]<Float32>',
    ]);
    expect(Object.fromEntries(batch!.schema.metadata)).toEqual({ kind: 'attend', pool: '3', pass: '9', layer: '1' });
    expect([...batch!.getChild('k')!.get(1)!]).toEqual([...vectors(4, 3).values.subarray(4, 8)]);
  });

  test('of other Arrow tables are refused', () => {
    const other = tableToIPC(tableFromArrays({ text: ['a'] }), 'stream');
    expect(() => decodeOrder(other)).toThrow(UserError);
    expect(() => decodeAnswer(orderBytes(orders[1]!))).toThrow('says what nobody asked for');
    expect(() => decodeOrder(new Uint8Array(0))).toThrow(UserError);
  });
});

function isRefused(read: () => void): boolean {
  try {
    read();
    return false;
  } catch (error) {
    return error instanceof UserError;
  }
}

describe('frames', () => {
  test('come out as they went in, whatever pieces they come in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (messages, sizes) => {
          const bytes = Buffer.concat(
            messages.map((message) => frameOf([message.subarray(0, 1), message.subarray(1)])),
          );
          const read: Uint8Array[] = [];
          const reader = new FrameReader((message) => read.push(message));
          for (let at = 0, i = 0; at < bytes.length; i++)
            reader.push(bytes.subarray(at, (at += sizes[i % sizes.length]!)));
          expect(read.map((each) => [...each])).toEqual(messages.map((each) => [...each]));
        },
      ),
      { numRuns: 50, seed: 1 },
    );
  });

  test('are never read where a byte of them is another', () => {
    const frame = frameOf([orderBytes(orders.at(-2)!)]);
    for (let at = 0; at < frame.length; at++) {
      const read: Uint8Array[] = [];
      const reader = new FrameReader((message) => read.push(message));
      const changed = frame.map((byte, i) => (i === at ? byte ^ 0x10 : byte));
      const refused = isRefused(() => reader.push(changed));
      expect(read).toEqual([]);
      expect(refused || (at >= 4 && at < 8)).toBe(true); // the rest of what is longer may come
    }
  });

  test.each([
    ['another mark', Buffer.from('HTTP/1.1 200 OK')],
    ['no length', frameOf([])],
    ['a length beyond all measure', frameOf([orderBytes(orders[0]!)]).fill(255, 4, 8)],
  ])('with %s are refused', (_, bytes) => {
    expect(() => new FrameReader(() => undefined).push(bytes)).toThrow(UserError);
  });
});
