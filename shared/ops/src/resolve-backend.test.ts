import { UserError } from '@arrowsmith/errors';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { resolveBackend } from './resolve-backend.ts';

afterEach(() => vi.unstubAllEnvs());

describe('resolveBackend', () => {
  test('takes the argument, then the environment variable, then the fastest that is installed', () => {
    vi.stubEnv('ARROWSMITH_BACKEND', 'cpu');
    expect(resolveBackend('wasm')).toBe('wasm');
    expect(resolveBackend()).toBe('cpu');
    vi.stubEnv('ARROWSMITH_BACKEND', '');
    expect(resolveBackend()).toMatch(/^(tensorflow|wasm)$/);
    expect(resolveBackend()).toBe(resolveBackend('auto'));
  });

  test('an unknown backend is refused with the names of those that exist', () => {
    expect(() => resolveBackend('wsam')).toThrow(UserError);
    expect(() => resolveBackend('wsam')).toThrow(/unknown backend "wsam"[^]*wasm, cpu/);
  });

  test.skipIf(resolveBackend('auto') === 'tensorflow')(
    'the TensorFlow backend is refused where its package is not installed',
    () => {
      expect(() => resolveBackend('tensorflow')).toThrow(/not installed[^]*npm install @tensorflow\/tfjs-node/);
    },
  );
});
