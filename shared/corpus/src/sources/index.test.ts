/** @file The schema of sources. */

import { describe, expect, test } from 'vitest';
import { sourceParameters, sourceTypeOf, sourceTypes } from './index.ts';
import type { ResolvedSource } from './index.ts';

const revision = 'f54c09fd23315a6f9c86f9dc80f725de7d8f9c64';
const file = { path: 'TinyStoriesV2-GPT4-train.txt', bytes: 2_227_753_162, sha256: 'a'.repeat(64) };
const hub = { type: 'hub', repository: 'datasets/roneneldan/TinyStories', revision, train: file };
const issue = (source: unknown) => sourceParameters.safeParse(source).error?.issues[0];

test('what is left out has a sensible default', () => {
  expect(sourceParameters.parse(hub)).toEqual({
    ...hub,
    validationShare: 0.1,
    whenUnreachable: 'fail',
    embedded: { stories: 20_000, validationStories: 1_000, seed: 1 },
  });
  expect(sourceParameters.parse({ type: 'embedded', seed: 3 })).toEqual({
    type: 'embedded',
    stories: 20_000,
    validationStories: 1_000,
    seed: 3,
  });
});

test('several files may be named', () => {
  expect(sourceParameters.parse({ ...hub, train: [file, file] })).toMatchObject({ train: [file, file] });
  expect(sourceParameters.parse({ type: 'file', path: ['a.txt', 'notes/*.md'] })).toMatchObject({ type: 'file' });
});

test.each(['data/train.txt', 'Evaluation prompts.yaml', '.hidden', 'a/..b', '100%.txt'])('%s is a path', (path) => {
  expect(issue({ ...hub, train: { ...file, path } })).toBeUndefined();
});

describe('an error', () => {
  test.each(['/train.txt', '../train.txt', 'a/../b', './a', 'a//b', 'a/', 'a/..', '..', ''])(
    'is %j, which is not a path inside a repository',
    (path) => {
      expect(issue({ ...hub, train: { ...file, path } })).toBeDefined();
    },
  );

  test.each([
    ['a branch instead of a commit', { ...hub, revision: 'main' }, 'expected a commit'],
    ['a short checksum', { ...hub, train: { ...file, sha256: 'abc' } }, '64 lower-case'],
    ['a misspelt parameter', { ...hub, seperator: '\n' }, 'seperator'],
    ['an unknown type', { type: 'ftp' }, 'invalid_union'],
    ['a url that is not http', { type: 'url', url: 'file:///etc/passwd', sha256: 'a'.repeat(64) }, 'Invalid URL'],
    ['a conversation without its content', { type: 'file', path: 'a', conversation: { turn: '{role}' } }, '{content}'],
    ['a delimiter of two characters', { type: 'file', path: 'a.csv', delimiter: '||' }, 'one character'],
    ['a separator in jsonl', { type: 'file', path: 'a.jsonl', format: 'jsonl', separator: 'x' }, 'format text only'],
    ['a slice of parquet', { ...hub, format: 'parquet', train: { ...file, firstBytes: 9 } }, 'end of the file'],
    ['a validation share of everything', { type: 'file', path: 'a.txt', validationShare: 1 }, 'too_big'],
    ['a repository of a whole owner', { ...hub, repository: 'datasets/roneneldan' }, 'expected datasets/'],
    ['no stories', { type: 'embedded', stories: 0 }, 'too_small'],
  ])('is %s', (_, source, message) => {
    expect(JSON.stringify(issue(source))).toContain(message);
  });
});

test.each(Object.entries(sourceTypes))(
  '%s is listed by the name that it has in a pipeline file',
  (name, { parameters }) => {
    expect(parameters.shape.type.value).toBe(name);
  },
);

const sha256 = 'a'.repeat(64);
const layout = { validationShare: 0.1 };
const pinned = { name: '@test/stories', version: '1.2.3', integrity: 'sha512-AAAA', train: ['*.txt'] };

const said: [ResolvedSource, string, string, string | undefined][] = [
  [{ type: 'embedded', stories: 5, validationStories: 1, seed: 3 }, 'embedded corpus, seed 3', 'seed 3', 'MIT'],
  [{ type: 'pictures', pictures: 5, validationPictures: 2, seed: 3 }, 'generated pictures, seed 3', 'seed 3', 'MIT'],
  [{ type: 'url', url: 'https://host/a.txt', sha256, ...layout }, 'https://host/a.txt', `sha256 ${sha256}`, undefined],
  [{ type: 'file', train: [file], ...layout, licence: 'CC0-1.0' }, file.path, `sha256 ${sha256}`, 'CC0-1.0'],
  [
    { type: 'hub', repository: hub.repository, revision, train: [{ ...file, firstBytes: 8e6 }, file], ...layout },
    `datasets/roneneldan/TinyStories@f54c09f 2 files, ${file.path} …, first 8.0 MB`,
    revision,
    undefined,
  ],
  [
    { type: 'package', packages: [pinned, { ...pinned, name: 'other' }], ...layout },
    '@test/stories@1.2.3, other@1.2.3',
    'sha512-AAAA sha512-AAAA',
    undefined,
  ],
];

test.each(said)('of $type a data card says what it is, what pins it, and its licence', (source, ...expected) => {
  const type = sourceTypeOf(source);
  expect([type.describe(source), type.revision(source), type.licence(source)]).toEqual(expected);
});
