import { expect, test } from 'vitest';
import { findTools, type Machine } from './requirements.ts';

/** A machine that has the programs named. */
const machine = (programs: readonly string[], changes: Partial<Machine> = {}): Machine => ({
  platform: 'linux-x64',
  node: 'v22.1.0',
  env: {},
  run: async (command, [first]) => (programs.includes(first === '-m' ? `${command} pip` : command) ? '1.0' : undefined),
  ...changes,
});

test('Python with pip, and g++ before clang++; PYTHON and CXX name others', async () => {
  const all = ['python3', 'python3 pip', 'g++', 'clang++', 'python4', 'python4 pip', 'c++'];
  expect(await findTools(machine(all))).toEqual({ python: 'python3', compiler: 'g++' });
  expect(await findTools(machine(all.filter((name) => name !== 'g++')))).toMatchObject({ compiler: 'clang++' });
  const env = { PYTHON: 'python4', CXX: 'c++' };
  expect(await findTools(machine(all, { env }))).toEqual({ python: 'python4', compiler: 'c++' });
});

test.each<[string, Machine, RegExp]>([
  [
    'another platform',
    machine([], { platform: 'darwin-arm64' }),
    /cannot be built here[^]*linux-x64[^]*found: +darwin-arm64[^]*npm install --no-save @tensorflow\/tfjs-node@4\.22\.0/,
  ],
  ['a Node that is too new', machine([], { node: 'v24.1.0' }), /does not run on Node v24\.1\.0[^]*use Node 22/],
  ['no Python', machine(['g++']), /no Python[^]*python3 does not start[^]*apt install python3-pip/],
  ['no pip', machine(['python3', 'g++']), /python3 has no pip[^]*apt install python3-pip/],
  ['no compiler', machine(['python3', 'python3 pip']), /no C\+\+ compiler[^]*neither[^]*apt install g\+\+/],
  [
    'a CXX that is not there',
    machine(['python3', 'python3 pip', 'g++'], { env: { CXX: 'x++' } }),
    /no C\+\+ compiler[^]*x\+\+ does not start[^]*set CXX/,
  ],
])('%s is told before anything is downloaded, with what to do', async (_, where, message) => {
  await expect(findTools(where)).rejects.toThrow(message);
});
