import { expect, test } from 'vitest';
import { consoleTable, fitTable, type Table } from './table.ts';
import { cutText, wrapText } from './wrap.ts';

const TABLE: Table = {
  columns: [
    { title: 'run' },
    { title: 'seconds in all', align: 'right' },
    { title: 'commit', spare: 2 },
    { title: 'backend', spare: 1 },
    { title: 'notes', shrinks: true },
  ],
  rows: [
    ['first', '12', '1a2b3c', 'native', 'a note of some more words than fit'],
    ['second', '3', '4d5e6f', 'wasm', ''],
  ],
};

test('without a width a table is as wide as its cells', () => {
  expect(consoleTable(TABLE)).toEqual([
    'run     seconds in all  commit  backend  notes',
    'first               12  1a2b3c  native   a note of some more words than fit',
    'second               3  4d5e6f  wasm',
  ]);
});

test('where there is less room, cells and titles are wrapped', () => {
  expect(fitTable(TABLE, { width: 50 })).toEqual({
    lines: [
      'run     seconds  commit  backend  notes',
      '         in all',
      'first        12  1a2b3c  native   a note of some',
      '                                  more words than',
      '                                  fit',
      'second        3  4d5e6f  wasm',
    ],
    leftOut: [],
  });
});

test('where that is not enough, spare columns are left out, and those that fit all the same come back', () => {
  expect(fitTable(TABLE, { width: 38 })).toMatchObject({ leftOut: ['commit'] });
  const { lines, leftOut } = fitTable(TABLE, { width: 30, isCut: true });
  expect(leftOut).toEqual(['commit', 'backend']);
  expect(lines).toEqual([
    'run     seconds  notes',
    '         in all',
    'first        12  a note of so…',
    'second        3',
  ]);
});

test('columns without any text are the first to go', () => {
  const rows = TABLE.rows.map((row) => [...row.slice(0, 4), '']);
  expect(fitTable({ ...TABLE, rows }, { width: 40 }).leftOut).toEqual([]);
});

test('text is broken at spaces, and in a word that is longer than a line', () => {
  expect(wrapText('a word and another', 10)).toEqual(['a word and', 'another']);
  expect(wrapText('abcdefgh ij', 5)).toEqual(['abcde', 'fgh', 'ij']);
  expect(wrapText('日本語日本', 5)).toEqual(['日本', '語日', '本']);
  expect(cutText('日本語', 5)).toBe('日本…');
});
