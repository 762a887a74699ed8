/** @file Compiles the kernels into a library for one instruction set. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, constants, devNull, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '@arrowsmith/errors';
import { compilerCandidates, howToInstallCompiler } from './compilers.ts';
import { type InstructionSet, instructionSets, supports, thisProcessor } from './instruction-sets.ts';
import {
  BUILD_COMMAND,
  type BuildRecord,
  compilerFlags,
  digestOfSources,
  LIBRARY,
  sourceFiles,
} from './native-build.ts';
import { packageDirectory } from './package-directory.ts';

const run = promisify(execFile);

export interface BuildOptions {
  /** Name of the instruction set; by default the fastest that this processor has and the compiler knows. */
  isa?: string;
  /** Command of the compiler; by default the environment variable CXX, else g++ or clang++, whichever there is. */
  compiler?: string;
  /** Folder of the package. */
  directory?: string;
}

/** A compiler's command, with arguments that always go with it, and what it says of its version. */
interface Compiler {
  command: readonly string[];
  version: string;
}

/** Lines of a compiler's complaints that are shown. */
const COMPLAINT_LINES = 12;

/**
 * Compiles and links the kernels: build/<instruction set>/arrowsmith.node, with a record of what it was made of. An existing library is
 * replaced at the end and at once; programs that use it keep theirs.
 *
 * @throws UserError without a compiler, when the compiler fails, or when the instruction set is unknown or of another architecture
 */
export async function buildNative({
  isa: requestedIsa,
  compiler: requested,
  directory = packageDirectory(),
}: BuildOptions = {}): Promise<BuildRecord> {
  const instructionSet = requestedIsa === undefined ? undefined : findInstructionSet(requestedIsa);
  const compiler = await findCompiler(requested);
  return build(compiler, instructionSet ?? (await knownInstructionSets(compiler))[0]!, directory);
}

/**
 * The instruction sets that this processor has and the compiler knows, fastest first: a compiler that is older than the processor makes libraries that
 * are slower than they might be, and no less right.
 *
 * @throws UserError without a compiler
 */
export async function buildableInstructionSets(): Promise<readonly InstructionSet[]> {
  return knownInstructionSets(await findCompiler(undefined));
}

async function knownInstructionSets({ command }: Compiler): Promise<readonly InstructionSet[]> {
  const possible = instructionSets.filter((each) => supports(thisProcessor(), each));
  const isKnown = await Promise.all(
    possible.map(async ({ compilerFlags: flags }) => {
      const check = [...command.slice(1), ...flags, '-x', 'c++', '-fsyntax-only', devNull];
      return flags.length === 0 || (await run(command[0]!, check).then(() => true, () => false)); // prettier-ignore
    }),
  );
  return possible.filter((_, i) => isKnown[i]);
}

async function build(compiler: Compiler, instructionSet: InstructionSet, directory: string): Promise<BuildRecord> {
  const isa = instructionSet.name;
  const flags = compilerFlags(instructionSet);
  const sources = digestOfSources(directory); // before compiling: what changes meanwhile makes the build stale
  const work = await mkdtemp(join(tmpdir(), 'arrowsmith-build-'));
  const target = join(directory, 'build', isa);
  const unfinished = join(target, `${LIBRARY}.${process.pid}.tmp`);
  try {
    const headers = join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');
    const files = sourceFiles(directory).filter((file) => file.endsWith('.cc'));
    const objects = files.map((file) => join(work, `${file}.o`));
    await inParallel(files, (file, i) =>
      compile(compiler, [...flags, '-I', headers, '-c', join(directory, 'native', file), '-o', objects[i]!]),
    );
    await mkdir(target, { recursive: true });
    await compile(compiler, ['-shared', '-pthread', ...linkerFlags(), ...objects, '-o', unfinished]);
    if (supports(thisProcessor(), instructionSet)) await checkThatItLoads(unfinished);
    const record = { isa, platform: process.platform, arch: process.arch, compiler: compiler.version, sources, flags };
    // The library first: killed between the two, the old record does not fit the sources, and the next use builds again.
    await rename(unfinished, join(target, LIBRARY));
    await writeRecord(join(target, 'build.json'), record);
    await rm(join(directory, 'build', 'unavailable.json'), { force: true });
    return record;
  } finally {
    await Promise.all([work, unfinished].map((path) => rm(path, { recursive: true, force: true })));
  }
}

/** Writes a small JSON file, whole or not at all. */
export async function writeRecord(path: string, record: object): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.${process.pid}.tmp`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${path}.${process.pid}.tmp`, path);
}

const linkerFlags = (): string[] =>
  process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup', '-framework', 'Accelerate'] : [];

function findInstructionSet(isa: string): InstructionSet {
  const possible = instructionSets.filter(({ arch = process.arch }) => arch === process.arch);
  const found = possible.find(({ name }) => name === isa);
  if (found !== undefined) return found;
  throw new UserError({
    what: `the native backend cannot be built for the instruction set "${isa}"`,
    expected: `one for this architecture (${process.arch}): ${possible.map(({ name }) => name).join(', ')}`,
    fix: BUILD_COMMAND,
  });
}

async function findCompiler(requested: string | undefined): Promise<Compiler> {
  const candidates = compilerCandidates(requested);
  for (const candidate of candidates) {
    const command = candidate.trim().split(/\s+/);
    try {
      const { stdout } = await run(command[0]!, [...command.slice(1), '--version']);
      return { command, version: stdout.split('\n')[0]!.trim() };
    } catch {
      continue; // not there, or not a compiler
    }
  }
  throw new UserError({
    what: 'there is no C++ compiler',
    expected: 'g++ or clang++, with C++17, or another in the environment variable CXX',
    found: `not found, or does not start: ${candidates.join(', ')}`,
    fix: `install one (${howToInstallCompiler()}), then ${BUILD_COMMAND}`,
  });
}

/** Runs the compiler, without its warnings where it succeeds. */
async function compile({ command, version }: Compiler, args: readonly string[]): Promise<void> {
  try {
    await run(command[0]!, [...command.slice(1), ...args], {
      maxBuffer: 2 ** 26,
      env: { ...process.env, LC_ALL: 'C' },
    });
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const lines = (stderr.trim() || message).split('\n');
    const complaints = lines.slice(
      Math.max(
        0,
        lines.findIndex((line) => /error/i.test(line)),
      ),
    );
    throw new UserError({
      what: 'the C++ compiler failed on the native backend',
      where: `${command.join(' ')}: ${version}`,
      found: complaints.slice(0, COMPLAINT_LINES).join('\n             '),
      fix: `another compiler may do better (CXX=clang++ ${BUILD_COMMAND}); otherwise please report this`,
    });
  }
}

/** Loads a library in a process of its own: what it lacks shows only then, and might end the process. */
async function checkThatItLoads(path: string): Promise<void> {
  try {
    // `require` knows an addon by its name's ending, which this one does not have yet.
    // All at once, as a function that is missing would otherwise end a process when it is first called.
    const load = `process.dlopen({ exports: {} }, ${JSON.stringify(path)}, ${constants.dlopen.RTLD_NOW})`;
    await run(process.execPath, ['-e', load]);
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    throw new UserError({
      what: 'the native backend was built, but does not load',
      found: /Error: (.*)/.exec(stderr)?.[1] ?? message.split('\n')[0]!,
      fix: `another compiler may do better (CXX=clang++ ${BUILD_COMMAND}); otherwise please report this`,
    });
  }
}

/** Does the work for all items, as many at a time as there are cores; the first failure ends it, after what is under way. */
async function inParallel<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = items.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) {
      if (failed) return;
      try {
        await work(item, i);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: availableParallelism() }, worker));
  for (const outcome of workers) if (outcome.status === 'rejected') throw outcome.reason;
}
