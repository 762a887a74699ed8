/**
 * @file `npm run build:native [-- --isa=<instruction set>|all]`: compiles the native backend. With `--install`, as after installing
 * packages: only when needed, and without a compiler it says which slower backend will be used, and succeeds.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { print as toTerminal, printError, UserError } from '@arrowsmith/errors';
import { buildableInstructionSets, buildNative, writeRecord } from './compile.ts';
import { detectInstructionSet } from './instruction-sets.ts';
import { BUILD_COMMAND, type FailureRecord, nativeBuild } from './native-build.ts';
import { packageDirectory } from './package-directory.ts';

export interface CommandOptions {
  /** As part of an installation, which must not fail because of it. */
  install?: boolean;
  /** An instruction set, or `all` that this processor has and the compiler knows; by default the fastest of them. */
  isa?: string;
  /** Folder of the package. */
  directory?: string;
  print?: (line: string) => void;
}

/** Builds the native backend. @throws UserError when that is impossible, unless it is part of an installation */
export async function buildCommand({
  install = false,
  isa,
  directory = packageDirectory(),
  print = toTerminal,
}: CommandOptions): Promise<void> {
  const fastest = detectInstructionSet().name;
  if (install && isa === undefined && isUpToDate(fastest, directory)) return;
  try {
    for (const name of await namesOf(isa)) {
      if (install && isUpToDate(name, directory)) continue;
      const start = performance.now();
      const { compiler } = await buildNative({ isa: name, directory });
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      print(`native backend: built for ${name} with ${compiler} in ${seconds} s`);
      if (isa === undefined && name !== fastest) {
        print(`native backend: this processor has ${fastest}, which is faster, and which that compiler does not know`);
      }
    }
  } catch (error) {
    if (!install) throw error;
    await explain(error as Error, directory, print); // whatever it is: everything but the native backend works
  }
}

/** What is built where `isa` is asked for. */
async function namesOf(isa: string | undefined): Promise<readonly string[]> {
  if (isa !== undefined && isa !== 'all') return [isa];
  const names = (await buildableInstructionSets()).map(({ name }) => name);
  return isa === 'all' ? names : names.slice(0, 1);
}

/** Says why installing could not build and what that means, and keeps it for those who ask later. */
async function explain(error: Error, directory: string, print: (line: string) => void): Promise<void> {
  const {
    what,
    found,
    fix = BUILD_COMMAND,
  } = error instanceof UserError ? error.parts : { what: 'building failed', found: error.message, fix: BUILD_COMMAND };
  print(`
The native backend, the fast way to train on this machine's processor, was not built: ${what}.
  found:       ${found}
  until then:  the backend wasm is used, which runs everywhere, and is several times slower
  to do:       ${fix}
`);
  const failure: FailureRecord = { reason: what, fix };
  const path = join(directory, 'build', 'unavailable.json');
  await writeRecord(path, failure).catch(({ message }: Error) => print(`(not written down: ${message})`));
}

function isUpToDate(isa: string, directory: string): boolean {
  try {
    const build = nativeBuild({ isa, directory });
    return build.available && !build.stale;
  } catch {
    return false; // not built for that one
  }
}

if (process.argv[1] !== undefined && import.meta.filename === process.argv[1]) {
  try {
    const { values } = parseArgs({ options: { install: { type: 'boolean' }, isa: { type: 'string' } } });
    await buildCommand(values);
  } catch (error) {
    printError(`\nerror: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
