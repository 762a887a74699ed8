/** @file Tests of what the doctor says of a graphics processor, with measurements that are made up. */
import { type Engine, onGraphics } from '@arrowsmith/engine/resolve';
import type { KeptSpeeds, Speed } from '@arrowsmith/engine/speed';
import { afterEach, expect, test, vi } from 'vitest';
import { checkSpeeds, otherEngine } from './graphics.ts';

const products = [0.4e12, 0.8e12, 1e12];
const speed: Speed = {
  products,
  stored: products,
  bandwidth: 60e9,
  reading: 60e9,
  kernel: 5e-6,
  call: 1e-5,
  wait: 2e-5,
};
const adapter = { name: 'Apple M3', vendor: 'apple', architecture: 'metal-3', driver: 'Metal', isSoftware: false };
const kept: KeptSpeeds = {
  format: 2,
  measured: '2026-11-30',
  adapter,
  speeds: { 'webgpu f32': { ...speed, products: [1e12, 2e12, 2.4e12], kernel: 50e-6 }, 'native f32': speed },
};

afterEach(() => vi.unstubAllEnvs());

test('what was measured is told with its day, and nothing where there can be no graphics processor', () => {
  expect(checkSpeeds(kept)).toMatchObject([
    {
      level: 'ok',
      what: 'may take Apple M3',
      means: expect.stringMatching(
        /^webgpu f32 2,400 GFLOP\/s, 60 GB\/s, 50 µs a kernel; native f32 1,000 GFLOP\/s, 60 GB\/s, 5\.0 µs a kernel: by it, measured 2026-11-30/,
      ),
    },
  ]);
  const none: KeptSpeeds = { ...kept, adapter: null, reason: 'a driver is missing', speeds: {} };
  expect(checkSpeeds(none)[0]!.means).toMatch(/^a driver is missing/);
  expect(checkSpeeds(undefined)).toEqual([]);
});

test('a training could take the graphics processor, or do without the one that was chosen', () => {
  vi.stubEnv('ARROWSMITH_BACKEND', 'wasm'); // which is there everywhere
  const wasm: Engine = { backend: 'wasm', precision: 'f32' };
  const webgpu = onGraphics(adapter, 'f32');
  expect(otherEngine(kept, wasm, {})).toEqual(webgpu);
  expect(otherEngine(kept, webgpu, {})).toEqual(wasm);
  for (const without of [undefined, { ...kept, adapter: null }, { ...kept, adapter: { ...adapter, isSoftware: true } }])
    expect(otherEngine(without, wasm, {})).toBeUndefined();
});
