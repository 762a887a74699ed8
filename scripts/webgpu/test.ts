/**
 * @file `npm run test:webgpu [-- options] [part of a file's name]`: tests of the backend webgpu, which `npm test` leaves out.
 *
 * - `--name=<part of a test's sentence>`
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

function readArguments() {
  const options = { adapter: { type: 'string' }, name: { type: 'string' } } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UserError({
      what: (error as Error).message.split('. ', 1)[0]!,
      expected: '--adapter=software, --adapter=hardware, --name=<part of a test’s sentence>, parts of files’ names',
    });
  }
}

try {
  const { values, positionals } = readArguments();
  const { adapter = `${process.platform}-${process.arch}` === 'linux-x64' ? 'software' : 'hardware', name } = values;
  if (!ADAPTERS.includes(adapter)) {
    throw new UserError({ what: `unknown adapter ${adapter}`, expected: ADAPTERS.join(', '), where: '--adapter' });
  }
  const variables = adapter === 'software' ? await softwareAdapter(process.env, print) : {};
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [
    vitest,
    'run',
    '--config',
    'test/webgpu/vitest.config.ts',
    ...positionals,
    ...(name === undefined ? [] : ['-t', name]),
  ];
  const env = { ...process.env, ...variables };
  const tests = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env });
  const [code] = (await once(tests, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} catch (error) {
  printFailure(error);
  process.exitCode = 1;
}
