import { describe, expect, test } from 'vitest';
import {
  detectInstructionSet,
  instructionSets,
  parseCpuInfo,
  parseSysctl,
  type Processor,
} from './instruction-sets.ts';

const x64 = (flags: string): Processor => ({ arch: 'x64', flags: new Set(flags.split(' ')) });

const HASWELL = 'fpu sse2 fma avx f16c avx2 bmi1 bmi2';
const SKYLAKE_SERVER = `${HASWELL} avx512f avx512dq avx512cd avx512bw avx512vl`;

describe('the instruction set of a processor', () => {
  test.each([
    ['fpu sse2 avx', 'generic'],
    ['fpu sse2 avx avx2 f16c', 'generic'], // AVX2 without FMA
    ['fpu sse2 fma avx avx2', 'generic'], // … without conversions of half precision
    [HASWELL, 'avx2'],
    [`${HASWELL} avx_vnni`, 'avx2-vnni'],
    [`${HASWELL} avx512f avx512cd`, 'avx2'], // the first Xeon Phi: AVX-512 without its byte and double-word parts
    [SKYLAKE_SERVER, 'avx512'],
    [`${SKYLAKE_SERVER} avx512_vnni`, 'avx512-vnni'],
    [`${SKYLAKE_SERVER} avx512_vnni avx512_bf16 avx_vnni`, 'avx512-bf16'],
  ])('with %s is %s', (flags, expected) => {
    expect(detectInstructionSet(x64(flags)).name).toBe(expected);
  });

  test('follows the architecture', () => {
    expect(detectInstructionSet({ arch: 'arm64', flags: new Set() }).name).toBe('neon');
    expect(detectInstructionSet({ arch: 'arm64', flags: new Set(['asimd', 'asimddp']) }).name).toBe('neon-dotprod');
    expect(detectInstructionSet({ arch: 'riscv64', flags: new Set() }).name).toBe('generic');
  });
});

test('flags are read from the first processor of /proc/cpuinfo', () => {
  const text =
    'processor\t: 0\nmodel name\t: X\nflags\t\t: fpu fma avx2\nbugs\t\t: spectre_v1\n\nprocessor\t: 1\nflags\t\t: fpu\n';
  expect(parseCpuInfo(text)).toEqual(new Set(['fpu', 'fma', 'avx2']));
  expect(parseCpuInfo('processor\t: 0\nFeatures\t: fp asimd asimddp\n')).toEqual(new Set(['fp', 'asimd', 'asimddp']));
  expect(parseCpuInfo('')).toEqual(new Set());
});

test('flags are read from what macOS says', () => {
  const text = 'FPU SSE4.2 FMA AVX1.0 F16C\nAVX2 BMI1 AVX512F AVX512CD AVX512DQ AVX512BW AVX512VL\n';
  expect(detectInstructionSet({ arch: 'x64', flags: parseSysctl(text) }).name).toBe('avx512');
});

test('no flag lets the compiler change what arithmetic means', () => {
  const flags = instructionSets.flatMap(({ compilerFlags }) => compilerFlags);
  expect(flags.filter((flag) => /fast-math|Ofast|march=native/.test(flag))).toEqual([]);
});
