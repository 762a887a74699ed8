/**
 * @file `npm run tfjs-node`: installs @tensorflow/tfjs-node and builds its binding from what PyPI has of TensorFlow, so that it works where the
 * package's own download is blocked, and for Node 22 too. Nothing is saved to package.json; `npm ci` takes it away again.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { print } from '@arrowsmith/errors';
import { $ } from 'zx';
import { runScript } from './run-script.ts';
import { build, isBuilt } from './tfjs-node/build.ts';
import { findTools } from './tfjs-node/requirements.ts';

const HELP = `npm run tfjs-node [-- --force]

Builds the backend "tensorflow": installs @tensorflow/tfjs-node without its install script, takes TensorFlow 2.15.1 from PyPI
(a download of 207 MB, 620 MB on disk) and compiles the binding. Needs Linux on x86-64, Node 20 or 22, pip and g++ or clang++.

  --force   build it again
  PYTHON    the Python whose pip downloads (default python3)
  CXX       the compiler (default g++, then clang++)

Afterwards:  ARROWSMITH_BACKEND=tensorflow npx nx run pipeline:smoke`;

const root = join(fileURLToPath(import.meta.url), '..', '..');
await runScript({ help: HELP, flags: ['--force'] }, async (asked) => {
  if (!asked.has('--force') && (await isBuilt(root))) {
    return print('@tensorflow/tfjs-node is built and multiplies; --force builds it again');
  }
  const tools = await findTools({
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    env: process.env,
    run: async (command, parameters) => {
      const { exitCode, stdout } = await $({ quiet: true, nothrow: true })`${command} ${parameters}`;
      return exitCode === 0 ? stdout.trim() : undefined;
    },
  });
  await build(root, tools, print);
  print('done: ARROWSMITH_BACKEND=tensorflow npx nx run pipeline:smoke');
});
