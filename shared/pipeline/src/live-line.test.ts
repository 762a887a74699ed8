import { outputColumns } from '@arrowsmith/errors';
import { expect, test } from 'vitest';
import { terminalColumns } from './live-line.ts';

test('lines have the width of a terminal that cannot redraw them, too; where nothing shows them, they have no width', () => {
  const write = (): boolean => true;
  expect(outputColumns({ isTTY: true, columns: 100 }, { TERM: 'dumb' })).toBe(100);
  expect(outputColumns({}, { TERM: 'dumb', ARROWSMITH_TERMINAL: '90' })).toBe(90);
  expect(terminalColumns({ write }, { TERM: 'dumb', ARROWSMITH_TERMINAL: '90' })).toBeUndefined();
  expect(outputColumns({}, {})).toBeUndefined();
});
