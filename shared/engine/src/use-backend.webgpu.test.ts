/** @file The backend webgpu, chosen by auto, and started for a result whose key names a graphics processor. */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeBuild } from '@arrowsmith/backend-native/build';
import { beforeEach, expect, test, vi } from 'vitest';
import { findAdapter } from './find-adapter.ts';
import { neededSpeeds, resolveEngine } from './resolve.ts';
import { type KeptSpeeds, keepSpeeds, speedsFile } from './speed/kept.ts';
import { machineDigest } from './speed/machine.ts';
import type { Speed } from './speed/speed.ts';
import { useBackend } from './use-backend.ts';

const work = { flop: 1e11, bytes: 1e9, kernels: 300, width: 256 };
const speed = (factor: number): Speed => ({
  products: [1e11, 2e11, 3e11].map((rate) => factor * rate),
  stored: [1e11, 2e11, 3e11].map((rate) => factor * rate),
  bandwidth: factor * 3e10,
  reading: factor * 3e10,
  kernel: 1e-5,
  call: 1e-5,
  wait: 1e-4,
});

let file: string;
beforeEach(() => {
  vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(join(tmpdir(), 'speeds-')));
  vi.stubEnv('ARROWSMITH_BACKEND', '');
  file = speedsFile(machineDigest(nativeBuild()));
});

/** Says that the program which stands in for a graphics processor is one, and fast. */
function pretend(driver: string): KeptSpeeds {
  const {
    isThere,
    features: _,
    ...adapter
  } = findAdapter() as Extract<ReturnType<typeof findAdapter>, { isThere: true }>;
  expect(isThere).toBe(true);
  const speeds = { 'webgpu f32': speed(4), 'native f32': speed(1), 'native bf16': speed(1), 'wasm f32': speed(1) };
  return keepSpeeds(file, {
    format: 2,
    measured: '2026-11-30',
    adapter: { ...adapter, driver, isSoftware: false },
    speeds,
  });
}

test('auto waits for a measurement, and takes by it what then starts', async () => {
  expect(neededSpeeds({ work })).toEqual({ kept: undefined });
  expect(resolveEngine({ work }).backend).not.toBe('webgpu');
  const { driver } = resolveEngine({ backend: 'webgpu' }) as { driver: string };
  const kept = pretend(driver);
  expect(neededSpeeds({ work })).toEqual({ kept });
  const engine = resolveEngine({ work });
  expect(engine).toEqual(resolveEngine({ backend: 'webgpu' }));
  await useBackend(engine.backend, { expected: engine });
  expect(existsSync(file)).toBe(true);
});

test('a graphics processor that is another than the one that was measured is an error, and is measured anew', async () => {
  pretend('an older one');
  const engine = resolveEngine({ work });
  await expect(useBackend(engine.backend, { expected: engine })).rejects.toThrow(
    /another than the one that was measured[^]*an older one[^]*run the same command again/,
  );
  expect(neededSpeeds({ work })).toEqual({ kept: undefined });
});
