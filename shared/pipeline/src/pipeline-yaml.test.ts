import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { readYaml } from './pipeline-yaml.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'yaml-'));
});

/** Far more than any of these takes, and far less than for ever. */
const BOUND = 10_000;

function read(content: string | Uint8Array): unknown {
  writeFileSync(join(folder, 'x.yaml'), content);
  return readYaml(join(folder, 'x.yaml'), 'pipelines/x.yaml').content;
}

/** `levels` lists, each of `width` aliases of the one before. */
const bomb = (levels: number, width: number): string =>
  Array.from({ length: levels }, (_, i) =>
    i === 0
      ? `a0: &a0 [${Array.from({ length: width }, () => 'lol').join(', ')}]`
      : `a${i}: &a${i} [${Array.from({ length: width }, () => `*a${i - 1}`).join(', ')}]`,
  ).join('\n');

describe('what would take for ever, or all memory, is refused with file and line:', () => {
  test.each<[string, string, RegExp]>([
    ['aliases of aliases', bomb(30, 9), /^pipelines\/x\.yaml:2: aliases stand for too much/],
    [
      'aliases of a long text',
      `a: &a ${'x'.repeat(50_000)}\nb: [${'*a, '.repeat(900)}]`,
      /x\.yaml:2: aliases stand for/,
    ],
    ['many aliases', `a: &a 1\nb:\n${'  - *a\n'.repeat(1001)}`, /^pipelines\/x\.yaml:1003: too many aliases/],
    ['many aliases of nothing', `b: [${'*a, '.repeat(15_000)}]`, /^pipelines\/x\.yaml:1: \*a refers to nothing/],
    ['an alias within what it stands for', 'a:\n  &a\n  b: [1, *a]', /^pipelines\/x\.yaml:3: \*a refers to what it is/],
    ['lists within lists', '['.repeat(30_000), /^pipelines\/x\.yaml:1: /],
    [
      'closed lists within lists',
      '['.repeat(30_000) + ']'.repeat(30_000),
      /^pipelines\/x\.yaml:1: values within values/,
    ],
    ['mappings within mappings', '{a: '.repeat(2000) + '}'.repeat(2000), /^pipelines\/x\.yaml:1: values within values/],
    [
      'mappings by indentation',
      Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
      /^pipelines\/x\.yaml:\d+: values within values/,
    ],
    ['lists by dashes', `a:\n  ${'- '.repeat(20_000)}\nb: 1`, /^pipelines\/x\.yaml:2: values within values/],
    ['a large file', `a: ${'x'.repeat(200_000)}`, /^pipelines\/x\.yaml is too large[^]*65,536 bytes[^]*200,003 bytes/],
  ])(
    '%s',
    (_, text, message) => {
      expect(() => read(text)).toThrow(message);
    },
    BOUND,
  );

  test(
    'seven thousand keys are read, and a key that is there twice is told',
    () => {
      const keys = Array.from({ length: 7000 }, (_, i) => `k${i}:\n`);
      expect(Object.keys(read(keys.join('')) as object)).toHaveLength(7000);
      expect(() => read(`${keys.slice(0, 6500).join('')}"k6000": 1`)).toThrow(
        /^pipelines\/x\.yaml:6501: "k6000" is there twice/,
      );
    },
    BOUND,
  );

  test(
    'a pipe, which nothing may ever be written to',
    () => {
      execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
      expect(() => readYaml(join(folder, 'pipe.yaml'), 'pipe.yaml')).toThrow(/pipe\.yaml cannot be read[^]*no regular/);
    },
    BOUND,
  );
});

describe('what is no text is told with the name of the file:', () => {
  test('a link that leads nowhere, a folder', () => {
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link.yaml'));
    mkdirSync(join(folder, 'folder.yaml'));
    expect(() => readYaml(join(folder, 'link.yaml'), 'link.yaml')).toThrow(
      /link\.yaml cannot be read[^]*leads nowhere/,
    );
    expect(() => readYaml(join(folder, 'folder.yaml'), 'f.yaml')).toThrow(/f\.yaml cannot be read[^]*found: +a folder/);
  });

  test('bytes that are not UTF-8', () => {
    expect(() => read(Uint8Array.of(0x61, 0x3a, 0x20, 0xff))).toThrow(/x\.yaml cannot be read[^]*not UTF-8/);
    expect(() => read(Buffer.from('a: 1', 'utf16le'))).toThrow(/^pipelines\/x\.yaml:1: [^]*character \\u0000[^]*UTF-8/);
  });
});

describe('keys are text, each once, and none reaches what all objects share:', () => {
  test.each<[string, RegExp]>([
    ['a: 1\nb: 2\na: 3', /^pipelines\/x\.yaml:3: "a" is there twice/],
    ['a: {b: 1, "b": 2}', /^pipelines\/x\.yaml:1: "b" is there twice/],
    ['a: 1\n? [b]\n: 2', /^pipelines\/x\.yaml:2: a key that is no text/],
    ['a: &a b\n*a : 2', /^pipelines\/x\.yaml:2: a key that is no text/],
    [': 1', /^pipelines\/x\.yaml:1: a key that is no text/],
    ['a:\n  __proto__: {b: 1}', /^pipelines\/x\.yaml:2: "__proto__" is no parameter/],
    ['a: !!js/function x', /^pipelines\/x\.yaml:1: not valid YAML[^]*tag/],
    ['a: 1\n---\nb: 2', /^pipelines\/x\.yaml:2: a second document/],
  ])('%j', (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(UserError);
  });
});

test('aliases stand for what they should', () => {
  expect(read('a: &a [1, {b: &b x}]\nc: {d: *a, e: *b}\nf: &a 2\ng: *a')).toEqual({
    a: [1, { b: 'x' }],
    c: { d: [1, { b: 'x' }], e: 'x' },
    f: 2,
    g: 2,
  });
  expect(read('')).toEqual({});
  expect(read('\ufeffa: 1')).toEqual({ a: 1 });
});
