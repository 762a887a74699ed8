import { mkdtempSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedSizeLists, lists, numbers, readBatches, tokensTable, writeTable } from '@arrowsmith/artifacts';
import { expect, test } from 'vitest';
import { readTokenTable } from './token-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'token-table-'));
const metadata = { contextLength: '3', vocabularySize: '70000' };

const batch = (
  ids: Uint16Array | Uint32Array,
  lengths: number[],
  starts: number[][] = lengths.map(() => []),
  first = 0,
) => ({
  tokens: fixedSizeLists(ids, 4),
  first: numbers(Int32Array.from(lengths, () => first)),
  length: numbers(Int32Array.from(lengths)),
  bytes: numbers(Int32Array.from(lengths, (length) => 10 * length)),
  starts: lists(starts.map((row) => Int32Array.from(row))),
});

test.each([
  ['16-bit', false, Uint16Array],
  ['32-bit', true, Uint32Array],
])('%s rows are read in any order, across record batches, with padding as target −1', async (name, wide, Ids) => {
  const path = join(folder, `${name}.arrow`);
  const last = wide ? 69_999 : 65_535;
  await writeTable(path, tokensTable(3, wide), metadata, [
    batch(Ids.of(1, 2, 3, 4, 4, 5, 6, 7), [3, 3]),
    batch(Ids.of(7, 8, last, 0), [2]),
  ]);
  const table = await readTokenTable(path);
  expect(table).toMatchObject({ rows: 3, contextLength: 3, vocabularySize: 70_000, tokens: 8, bytes: 80 });
  expect(await table.read([2, 0, 2])).toMatchObject({
    inputs: Int32Array.of(7, 8, last, 1, 2, 3, 7, 8, last),
    targets: Int32Array.of(8, last, -1, 2, 3, 4, 8, last, -1),
  });
});

test('rows begin with pictures, whose 8-bit values become −1 to 1', async () => {
  const path = join(folder, 'pictures.arrow');
  const vision = { patchSize: 1, channels: 1, patches: 2 };
  await writeTable(path, tokensTable(3, false, 2), { ...metadata, vision: JSON.stringify(vision) }, [
    {
      ...batch(Uint16Array.of(1, 2, 3, 4, 4, 5, 6, 7), [3, 3]),
      patches: fixedSizeLists(Uint8Array.of(0, 255, 51, 204), 2),
    },
    { ...batch(Uint16Array.of(1, 2, 3, 4), [3]), patches: fixedSizeLists(Uint8Array.of(255, 0), 2) },
  ]);
  const table = await readTokenTable(path);
  expect(table.vision).toEqual(vision);
  const { patches } = await table.read([2, 1]);
  expect([...patches!].map((value) => Math.round(1e6 * value) / 1e6)).toEqual([1, -1, -0.6, 0.6]);
});

test('a table without rows is refused with what to do', async () => {
  const path = join(folder, 'empty.arrow');
  await writeTable(path, tokensTable(3, false), metadata, []);
  await expect(readTokenTable(path)).rejects.toThrow(/no rows of tokens[^]*empty\.arrow[^]*take more text/);
});

test('documents are numbered within the split, and predictions before the first that counts are no targets', async () => {
  const path = join(folder, 'documents.arrow');
  await writeTable(path, tokensTable(3, false), metadata, [
    batch(Uint16Array.of(1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 0), [3, 3, 2], [[0], [], [1]]),
    batch(Uint16Array.of(1, 2, 3, 4), [3], [[0, 2]], 1),
  ]);
  const table = await readTokenTable(path);
  expect(table).toMatchObject({ rows: 4, tokens: 10 });
  const { documents } = await table.read([0, 1, 2, 3]);
  expect(documents).toEqual(Int32Array.of(0, 0, 0, 0, 0, 0, 0, 1, -1, 2, 2, 3));
  expect((await table.read([3, 1])).documents).toEqual(Int32Array.of(2, 2, 3, 0, 0, 0)); // whatever is read with it
  expect((await table.read([3])).targets).toEqual(Int32Array.of(-1, 3, 4));
});

test('a file that is cut off after it was opened is refused when a row beyond its end is read', async () => {
  const path = join(folder, 'cut.arrow');
  await writeTable(path, tokensTable(3, false), metadata, [
    batch(
      new Uint16Array(4000),
      Array.from({ length: 1000 }, () => 3),
    ),
  ]);
  const table = await readTokenTable(path);
  truncateSync(path, 5000);
  await expect(table.read([999])).rejects.toThrow(/cut\.arrow[^]*truncated: 5000 bytes[^]*run the stage/);
  await expect(readTokenTable(path)).rejects.toThrow(/truncated or not Arrow/);
});

test('what is read at its place is what reading the whole table gives', async () => {
  const path = join(folder, 'whole.arrow');
  const sizes = [5, 1, 9, 9];
  const batches = sizes.map((rows, b) =>
    batch(
      Uint16Array.from({ length: 4 * rows }, (_, i) => (7919 * (i + 31 * b)) % 60_000),
      Array.from({ length: rows }, (_, i) => 1 + (i % 3)),
      Array.from({ length: rows }, (_, i) => [0, 1, 2].slice(0, i % 4)),
    ),
  );
  await writeTable(path, tokensTable(3, false), metadata, batches);
  const rows: number[][] = [];
  for await (const read of readBatches(path, 'tokens')) {
    for (const row of read.getChild('tokens')!) rows.push(Array.from(row as Iterable<number>));
  }
  const table = await readTokenTable(path);
  const order = Array.from({ length: rows.length }, (_, i) => (11 * i) % rows.length);
  expect(rows).toHaveLength(24);
  const { inputs } = await table.read(order);
  expect(Array.from(inputs)).toEqual(order.flatMap((row) => rows[row]!.slice(0, 3)));
});
