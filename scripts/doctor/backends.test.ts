/** @file Tests of the checks of backends. */
import { expect, test } from 'vitest';
import type { BackendName } from '@arrowsmith/engine/resolve';
import { checkBackends, describeFeatures, measureBackend, type Measurement } from './backends.ts';

const fine = async (backend: BackendName): Promise<Measurement> => ({
  gigaflops: 12.34,
  correct: true,
  ...(backend === 'wasm' ? { simd: true } : {}),
});
/** All are fine but one, which does not start. */
const failing = (broken: BackendName) => async (backend: BackendName) => {
  if (backend === broken) throw new Error('no such file\nstack');
  return fine(backend);
};
const wrong = async (): Promise<Measurement> => ({ gigaflops: 99, correct: false });
const slow = async (): Promise<Measurement> => ({ gigaflops: 1, correct: true, simd: false });

const levels = async (...args: Parameters<typeof checkBackends>) =>
  Object.fromEntries((await checkBackends(...args)).map(({ check, level }) => [check, level]));

test('each installed backend is measured, and the one that pipelines use is named', async () => {
  const findings = await checkBackends('cpu', fine);
  expect(findings.find(({ check }) => check === 'backend wasm')).toMatchObject({
    level: 'ok',
    what: '12.3 GFLOP/s, SIMD',
  });
  expect(findings.filter(({ means }) => means.includes('pipelines use')).map(({ check }) => check)).toEqual([
    'backend cpu',
  ]);
});

test('an unknown ARROWSMITH_BACKEND is a problem that lists the known ones', async () => {
  const [first] = await checkBackends('gpu', fine);
  expect(first).toMatchObject({ level: 'problem', what: 'ARROWSMITH_BACKEND=gpu' });
  expect(first!.means).toMatch(/wasm.*cpu/);
});

test('a backend that fails is a problem only where it is used', async () => {
  expect(await levels('wasm', failing('wasm'))).toMatchObject({ 'backend wasm': 'problem', 'backend cpu': 'ok' });
  expect(await levels('wasm', failing('cpu'))).toMatchObject({ 'backend wasm': 'ok', 'backend cpu': 'note' });
});

test('a wrong product is a problem, missing SIMD is a note', async () => {
  expect(await levels('wasm', wrong)).toMatchObject({ 'backend wasm': 'problem' });
  expect(await levels('wasm', slow)).toMatchObject({ 'backend wasm': 'note' });
});

test('of subgroups it is said how many threads they have, or that they are not used', () => {
  const features = ['shader-f16', 'subgroups'];
  expect(describeFeatures(features, 32)).toEqual(['shader-f16', 'subgroups of 32 threads']);
  expect(describeFeatures(features, undefined)).toEqual(['shader-f16', 'subgroups (not used)']);
});

test('wasm and cpu really multiply, and multiply right', async () => {
  expect(await measureBackend('wasm')).toMatchObject({ correct: true, simd: expect.any(Boolean) });
  expect(await measureBackend('cpu')).toMatchObject({ correct: true });
});
