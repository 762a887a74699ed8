/** @file The plugin's bundle, in a small workspace. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { importBundle } from './bundle.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bundle-'));
  mkdirSync(join(root, 'node_modules/@arrowsmith'), { recursive: true });
  write('shared/words/package.json', wordsPackage('greeting'));
  symlinkSync(join(root, 'shared/words'), join(root, 'node_modules/@arrowsmith/words'));
  write('shared/words/src/greeting.ts', `export const word: string = 'hello';`);
  write('shared/words/src/farewell.ts', `export const word: string = 'bye';`);
  write('shared/pipeline/src/nx/index.ts', `export { word } from '@arrowsmith/words';`);
  write('stages/count/src/declaration.ts', declaration('Counts'));
});

const wordsPackage = (file: string): string =>
  JSON.stringify({ name: '@arrowsmith/words', type: 'module', exports: { '.': `./src/${file}.ts` } });

const declaration = (description: string): string => `
  export default {
    description: ${JSON.stringify(description)},
    resolve: async () => (await import('./resolve.ts')).resolve(),
  };
`;

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** What is in the bundle: the word, and the stages with their descriptions. */
async function load(): Promise<unknown[]> {
  const { word, declarations } = (await importBundle(root)) as Bundle;
  return [word, ...[...declarations].map(([name, { description }]) => [name, description])];
}

interface Bundle {
  word: string;
  declarations: Map<string, { description: string }>;
}

const bundle = (): string => join(root, '.work/nx/plugin.mjs');

test('is made once and used from then on', async () => {
  expect(await load()).toEqual(['hello', ['count', 'Counts']]);
  const { mtimeMs } = statSync(bundle());
  expect(await load()).toEqual(['hello', ['count', 'Counts']]);
  expect(statSync(bundle()).mtimeMs).toBe(mtimeMs);
});

describe('is made again', () => {
  beforeEach(async () => void (await load()));

  test.each<[string, () => void, unknown[]]>([
    [
      'when a declaration was edited',
      () => write('stages/count/src/declaration.ts', declaration('Counts on')),
      ['hello', ['count', 'Counts on']],
    ],
    [
      'when a library was edited, even where its size and time are as before',
      () => {
        const path = join(root, 'shared/words/src/greeting.ts');
        const { atime, mtime } = statSync(path);
        writeFileSync(path, readFileSync(path, 'utf8').replace('hello', 'hallo'));
        utimesSync(path, atime, mtime);
      },
      ['hallo', ['count', 'Counts']],
    ],
    [
      'when a package exports another file',
      () => write('shared/words/package.json', wordsPackage('farewell')),
      ['bye', ['count', 'Counts']],
    ],
    [
      'when there is a new stage',
      () => write('stages/add/src/declaration.ts', declaration('Adds')),
      ['hello', ['add', 'Adds'], ['count', 'Counts']],
    ],
    ['when a stage is gone', () => rmSync(join(root, 'stages/count'), { recursive: true }), ['hello']],
    ['when it is cut off', () => truncateSync(bundle(), statSync(bundle()).size - 100), ['hello', ['count', 'Counts']]],
    ['when it is empty', () => truncateSync(bundle(), 0), ['hello', ['count', 'Counts']]],
  ])('%s', async (_, change, expected) => {
    change();
    expect(await load()).toEqual(expected);
    const { mtimeMs } = statSync(bundle());
    expect(await load()).toEqual(expected);
    expect(statSync(bundle()).mtimeMs).toBe(mtimeMs);
  });
});

test('several may make it at once', async () => {
  const loaded = await Promise.all(Array.from({ length: 6 }, load));
  for (const each of loaded) expect(each).toEqual(['hello', ['count', 'Counts']]);
  expect(readdirSync(dirname(bundle()))).toEqual(['plugin.mjs']);
});

test('an error in a source names the file', async () => {
  write('stages/count/src/declaration.ts', 'export default {');
  await expect(load()).rejects.toThrow(/stages\/count\/src\/declaration\.ts/);
});
