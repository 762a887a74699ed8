/** @file Tests of the checks of programs, with programs that answer as told. */
import { expect, test } from 'vitest';
import { checkCompiler, checkGit, checkNode, checkNpm, checkPython, type Run } from './tools.ts';

/** Programs by name, with what they print; others are missing. */
const programs =
  (outputs: Record<string, string>): Run =>
  async (command) =>
    outputs[command];
const nothing = programs({});

/** What a Python prints that has these packages. */
const python = (packages: object): string =>
  JSON.stringify({ python: '3.11.7', pyarrow: null, tokenizers: null, torch: null, ...packages });

test.each([
  ['v18.20.0', 'problem'],
  ['v20.9.0', 'problem'],
  ['v20.18.3', 'problem'],
  ['v20.19.0', 'ok'],
  ['v20.20.2', 'ok'],
  ['v22.12.0', 'ok'],
  ['v23.0.0', 'note'],
  ['v24.11.1', 'note'],
] as const)('Node %s is %s where 20.19 is needed', (version, level) => {
  expect(checkNode(version, '>=20.19')).toMatchObject({ level, check: 'Node', what: version });
});

test('a Node that is too old says which one to install, a new one which optional package it lacks', () => {
  expect(checkNode('v18.0.0', '>=20.19').means).toContain('install Node 20.19 or newer');
  expect(checkNode('v24.0.0', '>=20.19').means).toContain('@tensorflow/tfjs-node');
});

test('missing npm and git keep no pipeline from running', async () => {
  expect(await checkNpm(nothing)).toMatchObject({ level: 'note', what: 'not found' });
  expect(await checkGit(nothing)).toMatchObject({ level: 'note', what: 'not found' });
  expect(await checkNpm(programs({ npm: '11.1.0' }))).toMatchObject({ level: 'ok', what: '11.1.0' });
  expect(await checkGit(programs({ git: 'git version 2.39.5 (Apple Git-154)' }))).toMatchObject({
    level: 'ok',
    what: '2.39.5 (Apple Git-154)',
  });
});

test('the compiler of CXX comes before g++ and clang++, and without one it is only slower', async () => {
  const both = programs({
    'g++': 'g++ (Debian 12.2.0-14) 12.2.0\nCopyright',
    'clang++': 'Apple clang version 16.0.0 (clang-1600.0.26.6)',
  });
  expect(await checkCompiler(both, undefined)).toMatchObject({ level: 'ok', what: 'g++ 12.2.0' });
  expect(await checkCompiler(both, 'clang++')).toMatchObject({ level: 'ok', what: 'clang++ 16.0.0' });
  expect(await checkCompiler(nothing, 'missing++')).toMatchObject({ level: 'note', what: 'none' });
});

test('Python is complete with all packages, and optional without', async () => {
  const all = programs({ python3: python({ pyarrow: '26.0.1', tokenizers: '0.23.3', torch: '2.15.0' }) });
  expect(await checkPython(all)).toMatchObject({
    level: 'ok',
    what: '3.11.7',
    means: expect.stringContaining('pyarrow 26.0.1, tokenizers 0.23.3, torch 2.15.0'),
  });
  const some = await checkPython(programs({ '/opt/python': python({ pyarrow: '26.0.1' }) }), '/opt/python');
  expect(some).toMatchObject({
    level: 'note',
    what: '3.11.7',
    means: expect.stringMatching(/no tokenizers .*, torch/),
  });
  expect(await checkPython(nothing, 'python9')).toMatchObject({ level: 'note', what: 'python9 not found' });
});
