/** @file Tests of the check of the native backend's build. */
import { UserError } from '@arrowsmith/errors';
import { expect, test } from 'vitest';
import { checkNativeBuild } from './native.ts';

const build = {
  available: true,
  isa: 'avx2',
  bf16: false,
  compiler: 'g++ 12.2.0',
  path: 'arrowsmith.node',
  stale: false,
} as const;

test('a build is reported with its instruction set and compiler', () => {
  const found = checkNativeBuild(() => build, 'avx2', undefined);
  expect(found).toMatchObject({ level: 'ok', what: 'avx2', means: expect.stringContaining('g++ 12.2.0') });
});

test('a build that will be made again, and one for less than the processor has, say what to do', () => {
  const stale = checkNativeBuild(() => ({ ...build, stale: true }), 'avx2', undefined);
  expect(stale).toMatchObject({ level: 'note', means: expect.stringContaining('npm run build:native') });
  const slower = checkNativeBuild(() => build, 'avx512', undefined);
  expect(slower).toMatchObject({ level: 'note', means: expect.stringMatching(/avx512.*npm run build:native/) });
  expect(checkNativeBuild(() => build, 'avx512', 'avx2').level).toBe('ok'); // as asked
});

test('without a build the reason and the remedy are shown', () => {
  const none = { available: false, reason: 'there is no C++ compiler', fix: 'apt install g++' } as const;
  const found = checkNativeBuild(() => none, 'avx2', '');
  expect(found).toMatchObject({
    level: 'note',
    what: 'none',
    means: expect.stringMatching(/no C\+\+ compiler.*apt install/),
  });
});

test('an instruction set that cannot be forced is a problem', () => {
  const refuse = () => {
    throw new UserError({ what: 'unknown instruction set "avx3"', found: 'built here: avx2', fix: 'unset it' });
  };
  const found = checkNativeBuild(refuse, 'avx2', 'avx3');
  expect(found).toMatchObject({
    level: 'problem',
    what: 'ARROWSMITH_ISA=avx3',
    means: expect.stringContaining('avx2'),
  });
});
