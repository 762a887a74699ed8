import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { packRows } from './pack-rows.ts';

const END = 0;

async function pack(documents: number[][], contextLength: number, wide = false) {
  const count = { rows: 0, tokens: 0, bytes: 0 };
  async function* stream() {
    yield* documents;
  }
  const options = { contextLength, endOfText: END, wide, byteLength: (id: number) => (id === END ? 0 : id % 7) };
  const rows: { ids: number[]; length: number; bytes: number }[] = [];
  for await (const { tokens, length, bytes } of packRows(stream(), options, count)) {
    const ids = Array.from(tokens!.children[0]!.values as Uint16Array);
    for (let row = 0; row < tokens!.length; row++) {
      rows.push({
        ids: ids.slice(row * (contextLength + 1), (row + 1) * (contextLength + 1)),
        length: (length!.values as Int32Array)[row]!,
        bytes: (bytes!.values as Int32Array)[row]!,
      });
    }
  }
  return { rows, count };
}

test('documents are joined by end of text, and a row begins where the one before ended', async () => {
  const { rows, count } = await pack([[5, 6, 7], [8]], 3);
  expect(rows).toEqual([
    { ids: [END, 5, 6, 7], length: 3, bytes: 5 + 6 + 0 },
    { ids: [7, END, 8, END], length: 3, bytes: 1 },
  ]);
  expect(count).toEqual({ rows: 2, tokens: 6, bytes: 12 });
});

test('the last row is padded and says how much of it counts', async () => {
  const { rows } = await pack([[5, 6]], 4);
  expect(rows).toEqual([{ ids: [END, 5, 6, END, 0], length: 3, bytes: 11 }]);
});

test('no documents give no rows', async () => {
  expect(await pack([], 4)).toEqual({ rows: [], count: { rows: 0, tokens: 0, bytes: 0 } });
});

test('every token of every document is predicted exactly once, and bytes add up, also over many batches', async () => {
  const documents = fc.array(fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 9 }), {
    minLength: 1,
    maxLength: 8,
  });
  const check = async (content: number[][], contextLength: number) => {
    const { rows, count } = await pack(content, contextLength, true);
    const stream = content.flatMap((document) => [...document, END]);
    expect(rows.flatMap(({ ids, length }) => ids.slice(1, 1 + length))).toEqual(stream);
    for (const [i, { ids }] of rows.entries()) expect(ids[0]).toBe(i === 0 ? END : rows[i - 1]!.ids.at(-1));
    const bytes = stream.reduce((sum, id) => sum + (id === END ? 0 : id % 7), 0);
    expect(count).toEqual({ rows: rows.length, tokens: stream.length, bytes });
    expect(rows.reduce((sum, row) => sum + row.bytes, 0)).toBe(bytes);
  };
  await fc.assert(fc.asyncProperty(documents, fc.integer({ min: 2, max: 6 }), check), { seed: 1 });
  await check([Array.from({ length: 40_000 }, (_, i) => 1 + (i % 500))], 2); // 20,001 rows: three batches
});
