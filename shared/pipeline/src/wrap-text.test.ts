import { expect, test } from 'vitest';
import { outputColumns, terminalColumns } from './live-line.ts';
import { wrapText } from './wrap-text.ts';

test('text is broken at spaces, and what indents a line indents what follows', () => {
  expect(wrapText('a word and another', 10)).toEqual(['a word and', 'another']);
  expect(wrapText('  two  three\n\n    four and five', 12)).toEqual(['  two  three', '', '    four and', '    five']);
  expect(wrapText('abcdefgh ij', 5)).toEqual(['abcdefgh', 'ij']);
});

test('lines have the width of a terminal that cannot redraw them, too; where nothing shows them, they have no width', () => {
  const write = (): boolean => true;
  expect(outputColumns({ isTTY: true, columns: 100, write }, { TERM: 'dumb' })).toBe(100);
  expect(outputColumns({ write }, { TERM: 'dumb', ARROWSMITH_TERMINAL: '90' })).toBe(90);
  expect(terminalColumns({ write }, { TERM: 'dumb', ARROWSMITH_TERMINAL: '90' })).toBeUndefined();
  expect(outputColumns({ write }, {})).toBeUndefined();
});
