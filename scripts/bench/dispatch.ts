/** @file Finds and runs benchmarks: each is a file of a folder that exports `description` and `run`. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from '@arrowsmith/errors';
import type { ZodObject } from 'zod';
import { describeOptions } from './options.ts';

/** What a benchmark's file exports. */
export interface Benchmark {
  /** One line for the list of benchmarks. */
  description: string;
  /** What it takes on the command line. */
  options?: ZodObject;
  /**
   * Measures, and prints a table for people.
   * @returns at least `ours`, `peer`, `ratio` and `unit`; `peer` and `ratio` are null where there is nothing to compare with
   */
  run: (args: string[]) => Promise<Record<string, unknown>>;
}

const HELP = ['--help', '-h'];

const RESULT_KEYS = ['ours', 'peer', 'ratio', 'unit'];

/**
 * Lists the benchmarks, or runs the one that is named, or says what it takes.
 * @param args `[]`, or a name, `--json` and the benchmark's own arguments in any order; with `--json` the last line printed is the
 *   result as one JSON object; with `--help` nothing is run
 * @param folder where benchmarks are looked for
 * @throws UserError when there is no benchmark of that name
 */
export async function dispatch(
  args: readonly string[],
  folder: string,
  print: (line: string) => void = console.log,
): Promise<void> {
  const [name, ...rest] = args.filter((arg) => arg !== '--json' && !HELP.includes(arg));
  const benchmarks = await loadBenchmarks(folder);
  if (name === undefined) {
    const width = Math.max(...[...benchmarks.keys()].map((known) => known.length));
    for (const [known, { description }] of benchmarks) print(`${known.padEnd(width)}  ${description}`);
    print('\nrun one: npm run bench -- <name> [--json] [its arguments]; npm run bench -- <name> --help says which');
    return;
  }
  const benchmark = benchmarks.get(name);
  if (benchmark === undefined) {
    throw new UserError({
      what: `there is no benchmark "${name}"`,
      where: folder,
      expected: `one of ${[...benchmarks.keys()].join(', ')}`,
      fix: 'npm run bench lists them with what they measure',
    });
  }
  if (args.some((arg) => HELP.includes(arg))) {
    print(`npm run bench -- ${name} [--json]${benchmark.options === undefined ? '' : ' [options]'}\n`);
    print(`${benchmark.description}\n`);
    for (const line of benchmark.options === undefined ? [] : describeOptions(benchmark.options)) print(line);
    return;
  }
  const result = await benchmark.run(rest);
  const missing = RESULT_KEYS.filter((key) => !(key in result));
  if (missing.length > 0) throw new Error(`benchmark ${name} returned no ${missing.join(', ')}`);
  if (args.includes('--json')) print(JSON.stringify({ benchmark: name, ...result }));
}

/** By name, in alphabetical order. Files that export no `run` are parts of others. */
async function loadBenchmarks(folder: string): Promise<Map<string, Benchmark>> {
  const files = (await readdir(folder)).filter((file) => /^(?!main\.ts$).*(?<!\.test)\.ts$/.test(file)).sort();
  const benchmarks = new Map<string, Benchmark>();
  for (const file of files) {
    const exported = (await import(pathToFileURL(join(folder, file)).href)) as Partial<Benchmark>;
    if (exported.run !== undefined) benchmarks.set(basename(file, '.ts'), exported as Benchmark);
  }
  return benchmarks;
}
