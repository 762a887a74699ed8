/** @file What is said of lists of files, however long they are. */

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { describeList, listingOf, requireDisjoint, revisionOfLists, summaryOfLists } from './file-lists.ts';

const files = (count: number, path = 'a') =>
  Array.from({ length: count }, (_, i) => ({
    path: `${path}${i}.txt`,
    bytes: 10,
    sha256: `${path}${i}`.padEnd(64, '0'),
  }));

test('one file is called by the end of its path, many by their number and the first', () => {
  expect(describeList(files(1))).toBe('a0.txt');
  expect(describeList(files(3))).toBe('3 files, a0.txt …');
  const long = describeList(files(1, `${'folder/'.repeat(20)}b`));
  expect(long).toHaveLength(80);
  expect(long).toMatch(/^….*folder\/b0\.txt$/);
});

test('one file is pinned by its checksum, many by that of the list of theirs', () => {
  expect(revisionOfLists({ train: files(1) })).toBe(`sha256 ${files(1)[0]!.sha256}`);
  const [train, validation] = [files(2), files(1, 'v')];
  const list = [...train, ...validation].map(({ sha256 }) => sha256).join('\n');
  const digest = createHash('sha256').update(list).digest('hex');
  expect(revisionOfLists({ train, validation })).toBe(`sha256 ${digest} of the list of 3 checksums`);
});

test('up to eight files are in metadata one by one, more are summed up', () => {
  const few = { type: 'file', train: files(8), validation: files(1, 'v') };
  expect(summaryOfLists(few)).toEqual(few);
  expect(summaryOfLists({ ...few, train: files(9) })).toEqual({
    ...few,
    train: {
      files: 9,
      bytes: 90,
      first: 'a0.txt',
      last: 'a8.txt',
      sha256OfList: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  });
});

test('every file is listed with its split', () => {
  const listed = listingOf({ train: files(2), validation: files(1, 'v') });
  expect(listed.map(({ split, name }) => `${split} ${name}`)).toEqual([
    'train a0.txt',
    'train a1.txt',
    'validation v0.txt',
  ]);
  expect(listed[0]).toMatchObject({ bytes: 10, checksum: `sha256 ${files(1)[0]!.sha256}` });
});

test('a file for training and validation is refused, whatever its name', () => {
  const copy = { ...files(3)[1]!, path: 'copy.txt' };
  expect(() => requireDisjoint({ train: files(3), validation: [copy] })).toThrow(/copy\.txt: the same file is used/);
  expect(() => requireDisjoint({ train: files(3), validation: files(3, 'v') })).not.toThrow();
});
