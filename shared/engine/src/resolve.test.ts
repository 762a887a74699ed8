import type { NativeBuild } from '@arrowsmith/backend-native/build';
import { UserError } from '@arrowsmith/errors';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { backendNames, engineNotices, resolveBackend, resolveEngine } from './resolve.ts';

const built: NativeBuild = {
  available: true,
  isa: 'avx512-bf16',
  bf16: true,
  compiler: 'g++ 12.2.0',
  path: 'arrowsmith.node',
  stale: false,
};
const builtWithoutBf16: NativeBuild = { ...built, isa: 'avx2', bf16: false };
const missing: NativeBuild = { available: false, reason: 'there is no C++ compiler', fix: 'apt install g++' };

const withBuild = () => built;
const withoutBf16 = () => builtWithoutBf16;
const withoutBuild = () => missing;

beforeEach(() => void vi.stubEnv('ARROWSMITH_BACKEND', ''));
afterEach(() => vi.unstubAllEnvs());

const hasTensorflow = resolveBackend('auto', withoutBuild) === 'tensorflow';

describe('resolveBackend', () => {
  test('takes the argument, then the environment variable, then the fastest that is there', () => {
    vi.stubEnv('ARROWSMITH_BACKEND', 'cpu');
    expect(resolveBackend('wasm')).toBe('wasm');
    expect(resolveBackend()).toBe('cpu');
    vi.stubEnv('ARROWSMITH_BACKEND', '');
    expect(resolveBackend(undefined, withBuild)).toBe('native');
    expect(resolveBackend(undefined, withoutBuild)).toMatch(/^(tensorflow|wasm)$/);
    expect(resolveBackend('auto', withBuild)).toBe('native');
  });

  test('an unknown backend is refused with the names of those that exist', () => {
    expect(() => resolveBackend('wsam')).toThrow(UserError);
    expect(() => resolveBackend('wsam', withoutBuild)).toThrow(/unknown backend "wsam"[^]*native \(not.*wasm, cpu/);
  });

  test('the native backend is refused where it is not built, with the reason and the remedy', () => {
    expect(() => resolveBackend('native', withoutBuild)).toThrow(/there is no C\+\+ compiler[^]*apt install g\+\+/);
  });

  test('a backend that is asked for by name does not need the native build to be sound', () => {
    const broken = () => {
      throw new Error('should not have been asked');
    };
    expect(resolveBackend('wasm', broken)).toBe('wasm');
  });

  test.skipIf(hasTensorflow)(
    'the TensorFlow backend is refused where its package is not there, or has no binding, with the command that makes both',
    () => {
      expect(() => resolveBackend('tensorflow')).toThrow(
        /not (installed|built)|does not run[^]*(npm run tfjs-node|Node 20 or 22)/,
      );
    },
  );
});

test('the backend webgpu is known, but not what auto chooses', () => {
  expect(backendNames).toContain('webgpu');
  expect(resolveBackend('auto', withoutBuild)).not.toBe('webgpu');
});

describe('resolveEngine', () => {
  test('says all that the last bits depend on, as strings', () => {
    const engine: Record<string, string> = resolveEngine({ precision: 'bf16' }, withBuild);
    expect(engine).toEqual({
      backend: 'native',
      precision: 'bf16',
      instructionSet: 'avx512-bf16',
      compiler: 'g++ 12.2.0',
    });
    expect(resolveEngine({ backend: 'wasm', precision: 'bf16' }, withBuild)).toEqual({
      backend: 'wasm',
      precision: 'f32',
    });
  });

  test('bf16 becomes f32 where there are no such products', () => {
    expect(resolveEngine({ precision: 'bf16' }, withoutBf16)).toMatchObject({ backend: 'native', precision: 'f32' });
  });

  test('f16 is refused where there are no such products, as losses would not have been scaled', () => {
    for (const backend of ['native', 'wasm', 'auto']) {
      expect(() => resolveEngine({ backend, precision: 'f16' }, withBuild)).toThrow(
        /the backend (native|wasm) has no products of 16-bit[^]*shader-f16[^]*leave `precision` out/,
      );
    }
  });

  test('the precision auto is the fastest that there is, and needs no explanation', () => {
    vi.stubEnv('ARROWSMITH_ISA', 'avx2'); // else a processor that has more would be mentioned
    expect(resolveEngine({ precision: 'auto' }, withBuild).precision).toBe('bf16');
    expect(resolveEngine({ precision: 'auto' }, withoutBf16).precision).toBe('f32');
    expect(resolveEngine({ backend: 'wasm', precision: 'auto' }, withBuild).precision).toBe('f32');
    expect(engineNotices({ precision: 'auto' }, withoutBf16)).toEqual([]);
    expect(resolveEngine({}, withBuild).precision).toBe('f32');
  });

  test('with auto the environment variable decides', () => {
    vi.stubEnv('ARROWSMITH_BACKEND', 'wasm');
    expect(resolveEngine({ backend: 'auto' }, withBuild).backend).toBe('wasm');
    expect(resolveEngine({ backend: 'native' }, withBuild).backend).toBe('native');
  });
});

describe('engineNotices', () => {
  test('says nothing when a run is as asked and as fast as it can be', () => {
    vi.stubEnv('ARROWSMITH_ISA', 'avx512-bf16'); // else a processor that has less would be mentioned
    expect(engineNotices({ precision: 'bf16' }, withBuild)).toEqual([]);
    expect(engineNotices({ backend: 'cpu' }, withoutBuild)).toEqual([]);
  });

  test('a slower backend that nobody chose is explained, with the remedy', () => {
    const [notice] = engineNotices({}, withoutBuild);
    expect(notice).toMatch(/^backend (wasm|tensorflow).*there is no C\+\+ compiler.*apt install g\+\+/);
    vi.stubEnv('ARROWSMITH_BACKEND', 'wasm');
    expect(engineNotices({ backend: 'auto' }, withoutBuild)).toEqual([]);
  });

  test('f32 in place of bf16 is explained', () => {
    vi.stubEnv('ARROWSMITH_ISA', 'avx2');
    expect(engineNotices({ precision: 'bf16' }, withoutBf16)).toEqual([
      expect.stringMatching(/precision f32 instead of bf16.*avx2/),
    ]);
    expect(engineNotices({ backend: 'cpu', precision: 'bf16' }, withBuild)).toEqual([
      expect.stringMatching(/precision f32 instead of bf16.*cpu/),
    ]);
  });
});
