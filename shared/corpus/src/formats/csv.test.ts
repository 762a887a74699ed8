/** @file Tables of comma- and tab-separated values. */

import { expect, test } from 'vitest';
import { collect, scratchFile } from '../testing/scratch.ts';
import { readCsv } from './csv.ts';

async function read(
  content: string | Uint8Array,
  { delimiter = ',', field = 'text', cut = false, ...more } = {},
): Promise<string[]> {
  return (await collect(readCsv(await scratchFile(content, cut), { field, delimiter }, more))).flat();
}

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
const texts = ['One.', 'Two, "quoted"\nand on two lines\r\n', ' caf\u00e9 \ud83d\udc09 ', '"'];

test.each([
  [',', '\n'],
  [',', '\r\n'],
  ['\t', '\n'],
  [';', '\n'],
])('cells between %j, lines that end with %j', async (delimiter, end) => {
  const rows = texts.map((text, i) => [String(i), quoted(text), 'x'].join(delimiter));
  const table = [['id', 'text', '"other"'].join(delimiter), ...rows].join(end);
  expect(await read(table, { delimiter })).toEqual(texts);
  expect(await read(`\ufeff${table}${end}${end}`, { delimiter })).toEqual(texts);
  expect(await read(table, { delimiter, field: 'other' })).toEqual(texts.map(() => 'x'));
});

test('empty cells are left out and told', async () => {
  const reasons: string[] = [];
  const onLeftOut = (reason: string) => void reasons.push(reason);
  expect(await read('id,text\n1,\n2,a\n3,""\n', { onLeftOut } as object)).toEqual(['a']);
  expect(reasons).toEqual(['empty', 'empty']);
  expect(await read('')).toEqual([]);
  expect(await read('id,text\n')).toEqual([]);
});

test('rows longer than a read, and many of them, are whole', async () => {
  const long = ['a'.repeat(3 * 2 ** 20), ...Array.from({ length: 50_000 }, (_, i) => `Story ${i}, with "quotes"`)];
  expect(await read(`text\n${long.map(quoted).join('\n')}`)).toEqual(long);
});

test('the row that is cut is dropped, within a quoted cell too', async () => {
  const table = 'id,text\n1,"One."\n2,"Two, and more"\n';
  for (let end = table.indexOf('2,') + 1; end < table.length; end++) {
    expect(await read(table.slice(0, end), { cut: true })).toEqual(['One.']);
  }
});

test.each([
  ['without the column', 'id,story\n1,a', /no column "text"[^]*id, story/],
  ['with the column twice', 'text,text\n1,a', /two columns "text"/],
  ['with another delimiter', 'id;text\n1;"a"', /no column "text"[^]*delimiter: ";"/],
  ['with a row of more cells', 'id,text\n1,a\n2,b,c\n', /corpus\.txt:3: a row of another length[^]*2 cells[^]*3/],
  ['with a row of fewer cells', 'id,text\n1\n', /corpus\.txt:2: a row of another length/],
  ['with an open quotation mark', 'id,text\n1,"a\n2,b\n', /corpus\.txt:2: the quotation mark[^]*not closed/],
  ['with a quotation mark in a cell', 'id,text\n1,a\n2,a "b" c\n', /corpus\.txt:3: a quotation mark stands within/],
  ['with something behind a quoted cell', 'id,text\n1,"a" b\n', /corpus\.txt:2: a quotation mark within a quoted cell/],
])('a table %s is an error', async (_, table, message) => {
  await expect(read(table)).rejects.toThrow(message);
});

test('what is not UTF-8 is an error with its line, or replaced where that is asked for', async () => {
  const table = Buffer.from('id,text\n1,a\n2,caf\u00e9', 'latin1');
  await expect(read(table)).rejects.toThrow(/corpus\.txt:3, byte 3/);
  const told: unknown[] = [];
  const onInvalidUtf8 = (...replaced: unknown[]) => void told.push(replaced);
  expect(await read(table, { onInvalidUtf8 } as object)).toEqual(['a', 'caf\ufffd']);
  expect(told).toEqual([['corpus.txt:3, byte 3', 1]]);
});
