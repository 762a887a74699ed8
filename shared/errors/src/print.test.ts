import { afterEach, expect, test, vi } from 'vitest';
import { printFailure } from './print.ts';
import { UserError } from './user-error.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** What is printed of an error on a standard error that is, or is not, a terminal of 40 columns. */
function printed(isTTY: boolean, env: Record<string, string> = {}): string {
  for (const [name, value] of Object.entries({ ARROWSMITH_TERMINAL: '', ...env })) vi.stubEnv(name, value);
  const before = { isTTY: process.stderr.isTTY, columns: process.stderr.columns };
  Object.assign(process.stderr, { isTTY, columns: 40 });
  const print = vi.spyOn(console, 'error').mockReturnValue();
  try {
    printFailure(new UserError({ what: 'wrong', found: 'more words than a line of 40 columns has room for' }));
  } finally {
    Object.assign(process.stderr, before);
  }
  return String(print.mock.lastCall?.[0]);
}

test('errors are broken between words in a terminal alone: logs have a line for each part', () => {
  expect(printed(true).split('\n')).toHaveLength(5);
  expect(printed(false).split('\n')).toHaveLength(4);
});

test('a stage that Nx started knows how wide the terminal is that shows its errors', () => {
  expect(printed(false, { ARROWSMITH_TERMINAL: '40' })).toBe(printed(true));
});
