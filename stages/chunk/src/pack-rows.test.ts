import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EncodedBatch } from '@arrowsmith/bpe';
import { documentRows, packRows } from './pack-rows.ts';

const END = 0;
/** Bytes that an id stands for: an end of text none. */
const byteLengths = Int32Array.from({ length: 1000 }, (_, id) => id % 7);

interface Row {
  ids: number[];
  first: number;
  length: number;
  bytes: number;
  starts: number[];
}

/** Two documents per batch; the ids begin somewhere within the batch's memory. */
async function* encoded(documents: readonly number[][]): AsyncGenerator<EncodedBatch> {
  for (let i = 0; i < documents.length; i += 2) {
    const pair = documents.slice(i, i + 2);
    let end = 1;
    const offsets = Int32Array.from([1, ...pair.map(({ length }) => (end += length))]);
    yield { ids: Uint32Array.from([999, ...pair.flat()]), offsets };
  }
}

/** Rows as they are stored; `stride` undefined packs. Small batches, of at most two rows, so that they end often. */
async function layOut(documents: number[][], contextLength: number, stride?: number, beginOfText = END) {
  const count = { rows: 0, tokens: 0, bytes: 0 };
  const width = contextLength + 1;
  const options = { contextLength, beginOfText, endOfText: END, wide: true, byteLengths, batchBytes: 2 * 4 * width };
  const batches =
    stride === undefined
      ? packRows(encoded(documents), options, count)
      : documentRows(encoded(documents), { ...options, stride }, count);
  const rows: Row[] = [];
  for await (const columns of batches) {
    const ids = Array.from(columns['tokens']!.children[0]!.values as Uint32Array);
    const starts = columns['starts']!;
    const size = columns['tokens']!.length;
    expect(size).toBeLessThanOrEqual(2);
    for (let row = 0; row < size; row++) {
      const number = (name: string) => (columns[name]!.values as Int32Array)[row]!;
      rows.push({
        ids: ids.slice(row * width, (row + 1) * width),
        first: number('first'),
        length: number('length'),
        bytes: number('bytes'),
        starts: Array.from(
          (starts.children[0]!.values as Int32Array).subarray(starts.valueOffsets[row], starts.valueOffsets[row + 1]),
        ),
      });
    }
  }
  return { rows, count };
}

test('packed: documents are joined by end of text, and a row begins where the one before ended', async () => {
  const { rows, count } = await layOut([[5, 6, 7], [8]], 3);
  expect(rows).toEqual([
    { ids: [END, 5, 6, 7], first: 0, length: 3, bytes: 5 + 6 + 0, starts: [0] },
    { ids: [7, END, 8, END], first: 0, length: 3, bytes: 1, starts: [1] },
  ]);
  expect(count).toEqual({ rows: 2, tokens: 6, bytes: 12 });
});

test('packed: the last row is padded and says how much of it counts', async () => {
  const { rows } = await layOut([[5, 6]], 4);
  expect(rows).toEqual([{ ids: [END, 5, 6, END, 0], first: 0, length: 3, bytes: 11, starts: [0] }]);
});

test('documents: a row each with both its ends, padded; a long one goes on where its first row ended', async () => {
  const { rows, count } = await layOut([[5], [1, 2, 3, 4], []], 3, 3);
  expect(rows).toEqual([
    { ids: [END, 5, END, 0], first: 0, length: 2, bytes: 5, starts: [0] },
    { ids: [END, 1, 2, 3], first: 0, length: 3, bytes: 6, starts: [0] },
    { ids: [3, 4, END, 0], first: 0, length: 2, bytes: 4, starts: [] },
    { ids: [END, END, 0, 0], first: 0, length: 1, bytes: 0, starts: [0] },
  ]);
  expect(count).toEqual({ rows: 4, tokens: 8, bytes: 15 });
});

test('where documents begin with another token, it stands before each of them', async () => {
  const begin = 900;
  const packed = await layOut([[5, 6], [8], [9]], 4, undefined, begin);
  expect(packed.rows.map(({ ids, length, starts }) => ({ ids, length, starts }))).toEqual([
    { ids: [begin, 5, 6, END, begin], length: 4, starts: [0] },
    { ids: [begin, 8, END, begin, 9], length: 4, starts: [0, 3] },
    { ids: [9, END, 0, 0, 0], length: 1, starts: [] },
  ]);
  const documents = await layOut([[5], [1, 2, 3, 4]], 3, 3, begin);
  expect(documents.rows.map(({ ids }) => ids)).toEqual([
    [begin, 5, END, 0],
    [begin, 1, 2, 3],
    [3, 4, END, 0],
  ]);
});

// transformers 5.24, tokenizer('0 1 2 … 11 0', max_length=6, stride=2, truncation=True, return_overflowing_tokens=True) with an id per
// word: [0 1 2 3 4 5], [4 5 6 7 8 9], [8 9 10 11 0]. Its "stride" is the overlap of 2, where ours is the step of 4.
test('windows: overlap as with return_overflowing_tokens, and what an earlier window predicted is context', async () => {
  const { rows, count } = await layOut([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]], 5, 4);
  expect(rows.map(({ ids, first, length }) => ({ ids, first, length }))).toEqual([
    { ids: [END, 1, 2, 3, 4, 5], first: 0, length: 5 },
    { ids: [4, 5, 6, 7, 8, 9], first: 1, length: 5 },
    { ids: [8, 9, 10, 11, END, 0], first: 1, length: 4 },
  ]);
  expect(rows[1]!.bytes).toBe(6 + 0 + 1 + 2);
  expect(count.tokens).toBe(12);
});

test.each([undefined, 2])('no documents give no rows (stride %s)', async (stride) => {
  expect(await layOut([], 4, stride)).toEqual({ rows: [], count: { rows: 0, tokens: 0, bytes: 0 } });
});

const documents = fc.array(fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 12 }), {
  minLength: 1,
  maxLength: 8,
});
const sizes = fc.integer({ min: 2, max: 7 }).chain((contextLength) =>
  fc.record({
    contextLength: fc.constant(contextLength),
    stride: fc.option(fc.integer({ min: 1, max: contextLength }), { nil: undefined }),
  }),
);

test('in every mode every token of every document counts exactly once, and bytes add up', async () => {
  await fc.assert(
    fc.asyncProperty(documents, sizes, async (content, { contextLength, stride }) => {
      const { rows, count } = await layOut(content, contextLength, stride);
      const stream = content.flatMap((document) => [...document, END]);
      expect(rows.flatMap(({ ids, first, length }) => ids.slice(first + 1, length + 1))).toEqual(stream);
      for (const { ids, length } of rows) expect(ids.slice(length + 1).every((id) => id === 0)).toBe(true);
      const bytes = stream.reduce((sum, id) => sum + (id % 7), 0);
      expect(count).toEqual({ rows: rows.length, tokens: stream.length, bytes });
      expect(rows.reduce((sum, row) => sum + row.bytes, 0)).toBe(bytes);
    }),
    { seed: 1 },
  );
});

test('in every mode what precedes a prediction is as much of its own document as the row holds', async () => {
  await fc.assert(
    fc.asyncProperty(documents, sizes, async (content, { contextLength, stride }) => {
      const { rows } = await layOut(content, contextLength, stride);
      expect(rows.reduce((sum, { starts }) => sum + starts.length, 0)).toBe(content.length);
      let [document, at] = [-1, 0]; // the next prediction is of id `at` of the document
      for (const { ids, first, length, starts } of rows) {
        for (let position = 0; position < length; position++) {
          if (starts.includes(position)) [document, at] = [document + 1, 0];
          if (position < first) continue;
          const whole = [END, ...content[document]!, END];
          expect(ids[position + 1]).toBe(whole[at + 1]);
          const begin = Math.max(0, ...starts.filter((start) => start <= position));
          const context = ids.slice(begin, position + 1);
          expect(context).toEqual(whole.slice(at + 1 - context.length, at + 1));
          at++;
        }
      }
    }),
    { seed: 2 },
  );
});
