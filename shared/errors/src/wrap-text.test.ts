import { expect, test } from 'vitest';
import { wrapText } from './wrap-text.ts';

test('text is broken at spaces, and what indents a line indents what follows', () => {
  expect(wrapText('a word and another', 10)).toEqual(['a word and', 'another']);
  expect(wrapText('  two  three\n\n    four and five', 12)).toEqual(['  two  three', '', '    four and', '    five']);
  expect(wrapText('abcdefgh ij', 5)).toEqual(['abcdefgh', 'ij']);
});
