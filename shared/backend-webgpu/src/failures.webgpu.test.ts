/** @file What goes wrong on a device is an error where results are waited for, and never a wrong result. Each test has a device of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { getKernel } from '@tensorflow/tfjs-core';
import { expect, test, vi } from 'vitest';
import { describeAdapter, openAdapter } from './adapter.ts';
import { WebGpuBackend } from './backend.ts';
import { DeviceFailures, openDevice } from './device.ts';
import { registerWebGpuKernels } from './kernels/register.ts';
import { defineShader, EACH_ELEMENT, elementGroups } from './shader.ts';

const { name, isSoftware } = describeAdapter(await openAdapter());

async function openBackend(): Promise<WebGpuBackend> {
  const adapter = await openAdapter();
  return new WebGpuBackend(await openDevice(adapter), adapter);
}

const double = (code: string) =>
  defineShader({
    name: `double by ${code}`,
    bindings: { x: 'f32', y: 'out f32' },
    parameters: { size: 'u32' },
    body: `${EACH_ELEMENT} ${code}`,
  });

/** The results of a shader that doubles 1, 2 and 3. */
async function doubled(backend: WebGpuBackend, code: string): Promise<unknown> {
  const x = backend.makeTensorInfo([3], 'float32', Float32Array.of(1, 2, 3));
  const y = backend.output([3]);
  double(code)(backend, { x, y }, { size: 3 }, elementGroups(3));
  return backend.read(y.dataId);
}

test('a kernel computes', async () => {
  expect(await doubled(await openBackend(), 'y[i] = 2.0 * x[i];')).toEqual(Float32Array.of(2, 4, 6));
});

test('a shader that does not compile is an error with the compiler’s words, each time, and of nothing else', async () => {
  const backend = await openBackend();
  for (let turn = 0; turn < 2; turn++) {
    const wrong = doubled(backend, 'y[i] = 2.0 * z[i];');
    await expect(wrong).rejects.toThrow(/a kernel does not run[^]*unresolved value 'z'/);
    expect(await doubled(backend, 'y[i] = 2.0 * x[i];')).toEqual(Float32Array.of(2, 4, 6));
  }
});

test('commands that the device refuses make whatever is computed since then an error', async () => {
  const backend = await openBackend();
  const x = backend.words(new Uint8Array(12));
  const y = backend.output([3]);
  double('y[i] = f32(x[i]);')(backend, { x, y }, { size: 3 }, [2 ** 20]); // more workgroups than there may be
  for (let turn = 0; turn < 2; turn++) await expect(backend.read(y.dataId)).rejects.toThrow('a kernel does not run');
  await expect(doubled(backend, 'y[i] = 2.0 * x[i];')).rejects.toThrow('a kernel does not run');
});

test.skipIf(name !== 'swiftshader')('memory that runs out for one tensor is its error, and no other’s', async () => {
  const backend = await openBackend();
  const before = backend.gpuMemory();
  for (let turn = 0; turn < 2; turn++) {
    const y = backend.output([backend.largestTensor / 4]); // of which SwiftShader has not so much
    expect(() => backend.uploadToGPU(y.dataId)).toThrow(/is out of memory[^]*--train.batchSize/);
    backend.disposeData(y.dataId);
    expect(backend.gpuMemory()).toEqual(before);
  }
  expect(await doubled(backend, 'y[i] = 2.0 * x[i];')).toEqual(Float32Array.of(2, 4, 6));
});

test('a tensor that is larger than any buffer may be is an error that says how to need less', async () => {
  const backend = await openBackend();
  const { maxBufferSize } = backend.device.limits;
  const y = backend.output([maxBufferSize / 4 + 1]);
  expect(() => backend.uploadToGPU(y.dataId)).toThrow(/a tensor is too large[^]*--train.batchSize/);
});

test('so it is where a kernel needs it, without the kernel’s name in between', async () => {
  registerWebGpuKernels();
  const backend = await openBackend();
  const shape = [backend.device.limits.maxBufferSize / 4 + 1];
  const [a, b] = [backend.output(shape), backend.output(shape)];
  const add = () => getKernel('AddN', 'webgpu')!.kernelFunc({ inputs: [a, b] as never, attrs: {}, backend });
  expect(add).toThrow(UserError);
  expect(add).toThrow(/^a tensor is too large/);
});

test('memory that runs out is an error that says how to need less', () => {
  let report: (event: object) => void = () => undefined;
  const device = {
    addEventListener: (_: string, listener: typeof report) => (report = listener),
    lost: new Promise(() => undefined),
  };
  const failures = new DeviceFailures(device as unknown as GPUDevice, 'small');
  expect(() => failures.check()).not.toThrow();
  class GPUOutOfMemoryError extends Error {}
  report({ preventDefault: () => undefined, error: new GPUOutOfMemoryError('Out of memory') });
  expect(() => failures.check()).toThrow(/small is out of memory[^]*--train.batchSize/);
});

test('a device that is lost is an error', async () => {
  const backend = await openBackend();
  backend.device.destroy();
  await expect(doubled(backend, 'y[i] = 2.0 * x[i];')).rejects.toThrow(/was lost[^]*goes on from the last checkpoint/);
});

// A graphics processor may have a screen to draw meanwhile.
test.skipIf(!isSoftware)('a process ends whose device is hung, after it is told so, at once the second time', () => {
  const fixture = join(import.meta.dirname, 'hung.fixture.ts');
  const { stdout, error, status, signal } = spawnSync(process.execPath, ['--import', 'tsx', fixture], {
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGTERM',
  });
  expect(stdout).toMatch(/has not answered for 1 seconds[^]*has not answered for 1 seconds/);
  expect({ error, ended: status ?? signal }).toEqual({ error: undefined, ended: 'SIGKILL' });
});

test('each submission is looked at, of kernels and of passes that are repeated, so that a part of a step is a sign of the device', async () => {
  const backend = await openBackend();
  const looks = vi.spyOn(backend.device.queue, 'onSubmittedWorkDone');
  const x = backend.words(new Uint8Array(12));
  const [y, z] = [backend.output([3]), backend.output([3])];
  const increase = defineShader({
    name: 'increase',
    bindings: { x: 'in-out i32', y: 'out f32' },
    parameters: { size: 'u32' },
    body: `${EACH_ELEMENT} x[i]++; y[i] = f32(x[i]);`,
  });
  const { recorder } = backend.note(
    () => {
      for (const each of [y, z]) {
        increase(backend, { x, y: each }, { size: 3 }, elementGroups(3));
        backend.flush();
      }
    },
    { readsAnew: false },
  );
  expect(looks).toHaveBeenCalledTimes(2);
  backend.repeat(recorder.commands);
  expect(looks).toHaveBeenCalledTimes(4);
  expect(await backend.read(z.dataId)).toEqual(Float32Array.of(4, 4, 4));
});

test('what is not computed cannot be had at once', async () => {
  const backend = await openBackend();
  const y = backend.output([3]);
  backend.uploadToGPU(y.dataId);
  expect(() => backend.readSync(y.dataId)).toThrow(/cannot do this: [^]*`await tensor.data\(\)`[^]*another backend/);
});
