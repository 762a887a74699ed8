import { UserError } from '@arrowsmith/errors';
import { afterEach, expect, test, vi } from 'vitest';
import { threadCount } from './threads.ts';

afterEach(() => vi.unstubAllEnvs());

test('the argument comes before the environment variable, and all cores are the default', () => {
  vi.stubEnv('ARROWSMITH_THREADS', '3');
  expect(threadCount()).toBe(3);
  expect(threadCount(5)).toBe(5);
  vi.stubEnv('ARROWSMITH_THREADS', '');
  expect(threadCount()).toBeGreaterThanOrEqual(1);
});

test.each(['0', '-1', '2.5', 'two', 'Infinity', '1e9'])('%s is no number of threads', (value) => {
  vi.stubEnv('ARROWSMITH_THREADS', value);
  expect(() => threadCount()).toThrow(UserError);
  expect(() => threadCount()).toThrow(/whole number from 1/);
});
