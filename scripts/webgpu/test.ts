/**
 * @file `npm run test:webgpu [-- options] [part of a file's name]`: tests of the backend webgpu, which `npm test` leaves out.
 *
 * - `--name=<part of a test's sentence>`
 * - `--optional`: where SwiftShader cannot be fetched, it says so, and tests nothing
 * - `--adapter=software|hardware`: SwiftShader, fetched where it is not there, or this machine's graphics processor; by default software on x86-64 Linux
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { print, printFailure, UserError } from '@arrowsmith/errors';
import { softwareAdapter } from './software-adapter.ts';

const ROOT = join(import.meta.dirname, '../..');
const ADAPTERS = ['software', 'hardware'];

/** @returns undefined where it cannot be had, and need not be */
async function fetched(isOptional: boolean): Promise<Record<string, string> | undefined> {
  try {
    return await softwareAdapter(process.env, print);
  } catch (error) {
    if (!isOptional || !(error instanceof UserError)) throw error;
    print(`the backend webgpu is not tested: ${error.message}`);
    return undefined;
  }
}

function readArguments() {
  const options = { adapter: { type: 'string' }, name: { type: 'string' }, optional: { type: 'boolean' } } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UserError({
      what: (error as Error).message.split('. ', 1)[0]!,
      expected:
        '--adapter=software, --adapter=hardware, --name=<part of a test’s sentence>, --optional, parts of files’ names',
    });
  }
}

try {
  const { values, positionals } = readArguments();
  const { adapter = `${process.platform}-${process.arch}` === 'linux-x64' ? 'software' : 'hardware', name } = values;
  if (!ADAPTERS.includes(adapter)) {
    throw new UserError({ what: `unknown adapter ${adapter}`, expected: ADAPTERS.join(', '), where: '--adapter' });
  }
  const variables = adapter === 'software' ? await fetched(values.optional === true) : {};
  if (variables !== undefined) {
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
    const filters = [...positionals, ...(name === undefined ? [] : ['-t', name])];
    const args = [vitest, 'run', '--config', 'test/webgpu/vitest.config.ts', ...filters];
    const env = { ...process.env, ...variables };
    const tests = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env });
    const [code] = (await once(tests, 'exit')) as [number | null];
    process.exitCode = code ?? 1;
  }
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
