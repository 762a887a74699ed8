import { afterEach, expect, test, vi } from 'vitest';
import { findAdapter } from './find-adapter.ts';

afterEach(() => vi.unstubAllEnvs());

test('an adapter is found as Dawn is asked for it', () => {
  vi.stubEnv('ARROWSMITH_DAWN', 'backend=null'); // Dawn's own, which every machine has
  expect(findAdapter()).toMatchObject({ isThere: true, name: 'null-backend', isSoftware: true });
});

test('where there is none, that is said with what to do', () => {
  vi.stubEnv('ARROWSMITH_DAWN', 'adapter=none-of-this-name');
  expect(findAdapter()).toEqual({
    isThere: false,
    reason: 'WebGPU finds no graphics processor',
    fix: expect.stringContaining('install the driver'),
  });
});
