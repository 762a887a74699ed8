import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedSizeLists, numbers, tokensTable, writeTable } from '@arrowsmith/artifacts';
import { expect, test } from 'vitest';
import { readTokenTable } from './token-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'token-table-'));
const metadata = { contextLength: '3', vocabularySize: '70000' };

const batch = (ids: Uint16Array | Uint32Array, lengths: number[]) => ({
  tokens: fixedSizeLists(ids, 4),
  length: numbers(Int32Array.from(lengths)),
  bytes: numbers(Int32Array.from(lengths, (length) => 10 * length)),
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
  expect(await table.read([2, 0, 2])).toEqual({
    inputs: Int32Array.of(7, 8, last, 1, 2, 3, 7, 8, last),
    targets: Int32Array.of(8, last, -1, 2, 3, 4, 8, last, -1),
  });
});

test('a table without rows is refused with what to do', async () => {
  const path = join(folder, 'empty.arrow');
  await writeTable(path, tokensTable(3, false), metadata, []);
  await expect(readTokenTable(path)).rejects.toThrow(/no rows of tokens[^]*empty\.arrow[^]*take more text/);
});
