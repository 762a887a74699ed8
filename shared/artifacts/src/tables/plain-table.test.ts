import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { booleans, bytes, lists, numbers, optionalNumbers, strings } from './columns.ts';
import { dataCardTable, tensorsTable, vocabularyTable, writeTable } from './kinds.ts';
import { readPlainTable } from './plain-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'plain-table-'));
const path = join(folder, 'table.arrow');

test('all batches of a table are read as plain values, nulls included', async () => {
  const token = (id: number, text: string) => ({
    id: numbers(Int32Array.of(id)),
    bytes: bytes([Buffer.from(text)]),
    text: strings([text]),
    special: booleans([id === 0]),
  });
  await writeTable(path, vocabularyTable, { pattern: 'gpt2' }, [token(0, '<|end|>'), token(1, 'ä')]);
  const table = await readPlainTable(path, ({ kind }) => kind === 'vocabulary');
  expect(table!.metadata).toMatchObject({ kind: 'vocabulary', pattern: 'gpt2' });
  expect(table!.columns).toEqual({
    id: [0, 1],
    bytes: [new Uint8Array(Buffer.from('<|end|>')), new Uint8Array([0xc3, 0xa4])],
    text: ['<|end|>', 'ä'],
    special: [true, false],
  });

  const text = strings(['a', 'b']);
  const fact = { section: text, split: text, name: text, text, value: optionalNumbers([undefined, 2.5]) };
  await writeTable(path, dataCardTable, {}, [fact]);
  expect((await readPlainTable(path, () => true))!.columns['value']).toEqual([null, 2.5]);
});

test('what is not wanted, and what has lists, is not read', async () => {
  await writeTable(path, tensorsTable, {}, [
    { name: strings(['w']), shape: lists([Int32Array.of(1)]), values: lists([Float32Array.of(1)]) },
  ]);
  expect(await readPlainTable(path, () => true)).toBeUndefined();
  await writeTable(path, vocabularyTable, {}, []);
  expect(await readPlainTable(path, () => false)).toBeUndefined();
  expect((await readPlainTable(path, () => true))!.columns['id']).toEqual([]);
});

test('a file that is missing or not Arrow is an error', async () => {
  await expect(readPlainTable(join(folder, 'nothing.arrow'), () => true)).rejects.toThrow(/found: +no such file/);
  writeFileSync(path, 'not Arrow');
  await expect(readPlainTable(path, () => true)).rejects.toThrow();
});
