import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandHelp } from './command-help.ts';
import { flag, readCount, readOptions, text, texts } from './options.ts';
import { outputOptions, put } from './output.ts';

const USAGE = {
  name: 'compare',
  description: 'Compares.',
  options: { a: text('The one run.', 'run', 'latest~1'), ...outputOptions, all: flag('All of them.') },
  example: '--a=latest~1',
};

const read = (...args: string[]) => readOptions(USAGE, args);

test('options are read with values as they were typed', () => {
  expect(read('--a=x=y', '--markdown', '--output', 'out.md')).toEqual({ a: 'x=y', markdown: true, output: 'out.md' });
});

test.each([
  [
    '--markdown=out/gate.md',
    /--markdown takes no value[^]*to do: +.*pipeline:compare --markdown --output=out\/gate\.md$/,
  ],
  ['--json=', /--json takes no value[^]*to do: +.*pipeline:compare --json$/],
  ['--markdown=true', /to do: +.*pipeline:compare --markdown$/],
  ['--all=yes', /--all takes no value[^]*expected: +--all, or nothing[^]*to do: +.*pipeline:compare --all$/],
  ['--a', /'--a <value>' argument missing[^]*expected: +--a=…/],
  ['--alll', /unknown option --alll[^]*did you mean --all\?/],
  ['out.md', /Unexpected argument 'out\.md'/],
])('%s is refused with what to write instead', (arg, message) => {
  expect(() => read(arg)).toThrow(message);
});

test('a count is at least 1, or 0 where that means something', () => {
  expect(readCount('20', 'queue')).toBe(20);
  expect(readCount('0', 'queue', 0)).toBe(0);
  expect(() => readCount('0', 'queue')).toThrow('a whole number of at least 1');
  for (const written of ['-1', '', '1.5', '01', '1e3', '9007199254740993']) {
    expect(() => readCount(written, 'queue', 0)).toThrow('a whole number of at least 0');
  }
});

test('one format at a time', () => {
  expect(() => read('--json', '--markdown')).toThrow(
    /shown in one way[^]*expected: +--markdown or --json[^]*to do: +npx nx run pipeline:compare --markdown$/,
  );
});

test('two values of an option that takes one are refused, the same value twice is none', () => {
  expect(() => read('--a=x', '--a', 'y')).toThrow(/--a has two values[^]*found: +--a=x --a=y/);
  expect(read('--a=x', '--a=x')).toEqual({ a: 'x' });
  const several = { ...USAGE, options: { runs: texts('Some.', 'run') } };
  expect(readOptions(several, ['--runs=x', '--runs=y'])).toEqual({ runs: ['x', 'y'] });
});

test('help tells every option with what holds without it', () => {
  expect(commandHelp(USAGE)).toMatch(
    /^npx nx run pipeline:compare[^]*--a=<run> {2}\(default latest~1\)\n {6}The one run\.[^]*--output=<file>/,
  );
});

test('help is told in the words of whatever called the command, in lines that fit', () => {
  const usage = { words: '[run run …]', example: 'latest~1 latest', note: 'More stands elsewhere.' };
  expect(commandHelp(USAGE, usage)).toMatch(
    /^npx arrowsmith compare \[run run …\] \[--<option>=<value> …\]\n[^]*\nFor example: npx arrowsmith compare latest~1 latest\nStands for: {2}npx nx run pipeline:compare\n\nMore stands elsewhere\.$/,
  );
  expect(commandHelp(USAGE)).toMatch(/\nFor example: npx nx run pipeline:compare --a=latest~1$/);
  const description = 'a word and another '.repeat(20).trim();
  const long = { ...USAGE, description, options: { a: text(description, 'run', description) } };
  for (const line of commandHelp(long, { ...usage, note: description }, 60).split('\n'))
    expect(line.length).toBeLessThanOrEqual(60);
});

test('what is shown goes to the console, or to a file below the root', async () => {
  const root = mkdtempSync(join(tmpdir(), 'output-'));
  const printed: string[] = [];
  const to = (line: string) => void printed.push(line);
  await put('result\n', { root, file: undefined, to });
  await put('result\n\n', { root, file: 'out/result.md', to });
  expect(printed).toEqual(['result\n', 'written to out/result.md']);
  expect(readFileSync(join(root, 'out/result.md'), 'utf8')).toBe('result\n');
});
