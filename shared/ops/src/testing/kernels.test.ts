/** @file The table of kernels against what backends register, and against the operations that there are. No device is needed. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dryRun } from '@arrowsmith/backend';
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { KERNEL_BACKENDS, type KernelBackend, KERNELS } from './kernels.ts';

const own: Record<KernelBackend, string[]> = { native: [], webgpu: [] };

const namesOn = (backend: string): string[] => tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName);

beforeAll(async () => {
  await useBackend('cpu');
  const { registerWebGpuKernels } = await import('@arrowsmith/backend-webgpu'); // with those of tfjs
  const ofTfjs = new Set([...namesOn('cpu'), ...namesOn('webgpu')]);
  registerWebGpuKernels();
  const isOurs = (name: string) => !ofTfjs.has(name);
  own.webgpu = namesOn('webgpu').filter(isOurs);
  // A backend of the same kernels as `native`, which is there where nothing is built, too.
  await dryRun(async () => void (own.native = namesOn(tf.getBackend()).filter(isOurs)));
});

describe('the table of kernels', () => {
  test.each(KERNEL_BACKENDS)('has what the backend %s registers, and no more', (backend) => {
    const listed = Object.keys(KERNELS).filter((name) => KERNELS[name]!.includes(backend));
    // A gradient's kernel is listed with its operation's.
    const registered = own[backend].filter(
      (name) => !name.endsWith('Grad') || !own[backend].includes(name.slice(0, -4)),
    );
    expect(registered.length).toBeGreaterThan(10);
    expect(registered.sort()).toEqual(listed.sort());
  });

  test('has every operation that there is', () => {
    const folder = dirname(import.meta.dirname);
    const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
    const code = files
      .filter((file) => file !== 'gradients.ts')
      .map((file) => readFileSync(join(folder, file), 'utf8')); // those are of tfjs's kernels
    const defined = code.flatMap((text) => [...text.matchAll(/\bkernelName: '(\w+)'/g)].map((match) => match[1]!));
    expect(defined.length).toBeGreaterThan(30);
    expect(defined.filter((name) => !Object.hasOwn(KERNELS, name))).toEqual([]);
    const all = code.join('');
    expect(Object.keys(KERNELS).filter((name) => !all.includes(`'${name}'`))).toEqual([]);
  });
});
