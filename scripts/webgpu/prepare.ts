/**
 * @file `npm run prepare:webgpu`: gets what a machine with a graphics processor lacks for the backend webgpu and its benchmark, in this checkout and, of
 * Debian's packages, on the system.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { print, UserError } from '@arrowsmith/errors';
import { $ } from 'zx';
import { runScript } from '../run-script.ts';
import { type Machine, preparationFor } from './requirements.ts';

const HELP = `npm run prepare:webgpu [-- --torch]

Gets what this machine lacks to train and to measure on its graphics processor: on Linux the Vulkan loader and g++ (apt-get), and
a manifest of NVIDIA's driver where its container brings none. macOS and Windows have all of it.

  --torch   PyTorch, too, in a Python environment of its own (.work/torch; several GB with CUDA), for npm run bench -- webgpu
  PYTHON    the Python that makes that environment (default python3)`;

const root = join(fileURLToPath(import.meta.url), '..', '..', '..');

async function run(command: string, args: readonly string[]): Promise<string | undefined> {
  const { exitCode, stdout } = await $({ quiet: true, nothrow: true })`${command} ${args}`;
  return exitCode === 0 ? stdout : undefined;
}

/** How programs are run that install packages. */
async function administrator(): Promise<Machine['install']> {
  if ((await run('apt-get', ['--version'])) === undefined) return undefined;
  if (process.getuid?.() === 0) return [];
  return (await run('sudo', ['-n', 'true'])) === undefined ? undefined : ['sudo', '-n'];
}

async function prepare(): Promise<string[]> {
  const variables: string[] = [];
  const { commands, manifest } = await preparationFor({
    platform: process.platform,
    install: await administrator(),
    run,
    exists: existsSync,
  });
  for (const command of commands) {
    print(command.join(' '));
    await $({ stdio: 'inherit' })`${command}`;
  }
  if (manifest !== undefined) {
    const file = join(root, '.work', 'webgpu', 'nvidia_icd.json');
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, manifest.content);
    variables.push(`${manifest.variable}=${file}`);
  }
  return variables;
}

/** @returns the environment's Python */
async function installTorch(): Promise<string> {
  const folder = join(root, '.work', 'torch');
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const first = process.env['PYTHON'] || 'python3';
  if ((await run(python, ['-c', 'import torch'])) !== undefined) return python;
  print(`${first} -m venv ${folder}; pip install torch`);
  const made = await $({ stdio: 'inherit', nothrow: true })`${first} -m venv ${folder}`;
  if (made.exitCode !== 0) {
    throw new UserError({
      what: `${first} makes no environment for PyTorch`,
      expected: 'Python 3.10 or later with the module venv',
      fix: 'install it (Debian, Ubuntu: apt-get install python3-venv), or set PYTHON to another',
    });
  }
  await $({ stdio: 'inherit' })`${python} -m pip install --quiet torch`;
  return python;
}

await runScript({ help: HELP, flags: ['--torch'] }, async (asked) => {
  const variables = await prepare();
  if (asked.has('--torch')) variables.push(`PYTHON=${await installTorch()}`);
  for (const variable of variables) print(`export ${variable}`);
  print('ready: npm run doctor; npm run test:webgpu -- --adapter=hardware; npm run bench -- webgpu');
});
