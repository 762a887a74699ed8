/** @file Tests of the benchmark dispatcher, on a folder of small benchmarks. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { dispatch } from './dispatch.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'arrowsmith-bench-'));
  const write = (name: string, code: string) => writeFileSync(join(folder, name), code);
  write(
    'sort.ts',
    `import * as z from 'zod';
     export const description = 'sorts';
     export const options = z.strictObject({
       size: z.coerce.number().default(3).describe('how many'),
       order: z.enum(['up', 'down']).default('up'),
       input: z.string().optional(),
       quick: z.boolean().default(false),
     });
     export const run = async (args) => ({ ours: 3, peer: 2, ratio: 1.5, unit: 'MB/s', args });`,
  );
  write(
    'alone.ts',
    `export const description = 'has no peer';
     export const run = async () => ({ ours: 3, peer: null, ratio: null, unit: 'tokens/s' });`,
  );
  write(
    'silent.ts',
    `export const description = 'tells nothing'; export const run = async () => ({ ours: 1, unit: 's' });`,
  );
  write('shared-piece.ts', 'export const median = () => 0;');
  write('main.ts', 'throw new Error("the entry point is no benchmark");');
  write('sort.test.ts', 'throw new Error("a test is no benchmark");');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function printed(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  await dispatch(args, folder, (line) => lines.push(line));
  return lines;
}

test('without a name the benchmarks are listed with their descriptions, and nothing else of the folder', async () => {
  const lines = await printed();
  expect(lines.slice(0, 3)).toEqual(['alone   has no peer', 'silent  tells nothing', 'sort    sorts']);
  expect(lines.join('\n')).not.toMatch(/shared-piece|main\.ts|test/);
});

test('with --json the last line is one JSON object, and the benchmark gets its own arguments only', async () => {
  const lines = await printed('sort', '--json', '--size=3', 'text.txt');
  const expected = { benchmark: 'sort', ours: 3, peer: 2, ratio: 1.5, unit: 'MB/s', args: ['--size=3', 'text.txt'] };
  expect(JSON.parse(lines.at(-1)!)).toEqual(expected);
  expect(await printed('sort')).toEqual([]);
});

test.each([
  ['sort', '--help'],
  ['--help', 'sort'],
  ['sort', '-h', '--size=4'],
])('%s %s says what the benchmark takes, and runs nothing', async (...args) => {
  expect((await printed(...args)).join('\n')).toBe(
    'npm run bench -- sort [--json] [options]\n\nsorts\n\n' +
      '  --size=N         how many; default 3\n  --order=up|down  default up\n  --input=…\n  --quick',
  );
});

test('--help by itself lists the benchmarks', async () => {
  expect(await printed('--help')).toEqual(await printed());
});

test('every benchmark of this folder says what it takes', async () => {
  const names: string[] = [];
  await dispatch([], import.meta.dirname, (line) => names.push(line.split(' ')[0]!));
  for (const name of names.slice(0, -1)) {
    const lines: string[] = [];
    await dispatch([name, '--help'], import.meta.dirname, (line) => lines.push(line));
    expect(lines.filter((line) => line.startsWith('  --')).length, name).toBeGreaterThan(0);
  }
});

test('a missing peer is null in JSON, not left out', async () => {
  expect(JSON.parse((await printed('alone', '--json')).at(-1)!)).toMatchObject({ peer: null, ratio: null });
});

test('an unknown name is an error that lists the known ones', async () => {
  const refused = printed('srot');
  await expect(refused).rejects.toThrow(UserError);
  await expect(refused).rejects.toThrow(/no benchmark "srot"[^]*alone, silent, sort/);
});

test('a benchmark that does not return what it promises is a defect that names the missing keys', async () => {
  await expect(printed('silent')).rejects.toThrow('benchmark silent returned no peer, ratio');
});

test('every benchmark of this folder has a description', async () => {
  const lines: string[] = [];
  await dispatch([], import.meta.dirname, (line) => lines.push(line));
  const listed = lines.slice(0, -1); // the last one says how to run one
  expect(listed.length).toBeGreaterThan(0);
  for (const line of listed) expect(line).toMatch(/^[\w-]+ +(?!undefined)\S/);
});

test('on the command line an unknown name exits with 1 and prints no stack', async () => {
  const run = promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/bench/main.ts', 'srot'], {
    cwd: REPOSITORY,
  });
  await expect(run).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^\nerror: there is no benchmark "srot"/),
  });
  await expect(run).rejects.toMatchObject({ stderr: expect.not.stringContaining('    at ') });
});
