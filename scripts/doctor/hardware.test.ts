/** @file Tests of the checks of processor and memory. */
import { expect, test } from 'vitest';
import { checkMemory, checkProcessor, readInstructionSets } from './hardware.ts';

const GiB = 2 ** 30;
const noProgram = async () => undefined;

test('instruction sets come from /proc/cpuinfo on x86 and on Arm', async () => {
  const x86 =
    'processor\t: 0\nflags\t\t: fpu sse2 fma avx avx2 avx512f avx512_bf16 rdtscp\n\nprocessor\t: 1\nflags\t\t: fpu\n';
  expect(await readInstructionSets(async () => x86, noProgram)).toEqual([
    'fma',
    'avx',
    'avx2',
    'avx512f',
    'avx512_bf16',
  ]);
  const arm = 'processor\t: 0\nFeatures\t: fp asimd evtstrm asimddp sve i8mm bf16\n';
  expect(await readInstructionSets(async () => arm, noProgram)).toEqual(['asimd', 'asimddp', 'sve', 'i8mm', 'bf16']);
});

test('on macOS sysctl is asked, and only what is present counts', async () => {
  const sysctl =
    'hw.optional.neon: 1\nhw.optional.arm.FEAT_BF16: 1\nhw.optional.arm.FEAT_SME: 0\nhw.optional.avx2_0: 0\n';
  expect(
    await readInstructionSets(
      async () => undefined,
      async () => sysctl,
    ),
  ).toEqual(['neon', 'feat_bf16']);
});

test('a system that tells nothing of its processor is no error', async () => {
  expect(await readInstructionSets(async () => undefined, noProgram)).toEqual([]);
  const found = checkProcessor({ model: 'Ryzen ', cores: 1, instructionSets: [] });
  expect(found).toMatchObject({ level: 'ok', what: '1 core', means: expect.stringMatching(/^Ryzen; the native/) });
});

test('memory counts up to the limit of a container', () => {
  expect(checkMemory({ total: 16 * GiB, free: 8 * GiB, limit: undefined }, 20e9)).toMatchObject({
    level: 'ok',
    what: '16 GiB, 8 GiB free, copies 20 GB/s',
  });
  expect(checkMemory({ total: 16 * GiB, free: 8 * GiB, limit: 2 ** 64 }, 20e9).what).toBe(
    '16 GiB, 8 GiB free, copies 20 GB/s',
  ); // Node: no limit
  expect(checkMemory({ total: 16 * GiB, free: 8 * GiB, limit: 0 }, 20e9).what).toBe(
    '16 GiB, 8 GiB free, copies 20 GB/s',
  ); // Node: unknown
  expect(checkMemory({ total: 16 * GiB, free: 8 * GiB, limit: 2 * GiB }, 20e9)).toMatchObject({
    level: 'note',
    what: '2 GiB (limit of the container), 2 GiB free, copies 20 GB/s',
  });
});
