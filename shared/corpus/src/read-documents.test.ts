/** @file Documents and their division into training and validation, from files to strings. */

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@arrowsmith/errors';
import { describe, expect, test } from 'vitest';
import { embeddedStories } from './embedded/index.ts';
import { sourceParameters } from './parameters.ts';
import { readDocuments } from './read-documents.ts';
import type { SourceProgress } from './read-documents.ts';
import { resolveSource } from './resolve-source.ts';
import { startHubServer } from './testing/hub-server.ts';
import { collect, scratchDirectory } from './testing/scratch.ts';

const END = '<|endoftext|>';

async function read(files: Record<string, string>, source: Record<string, unknown>, more = {}) {
  const root = await scratchDirectory();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  const resolved = await resolveSource(sourceParameters.parse({ type: 'file', ...source }), { root });
  return readDocuments(resolved.source, { root, directory: join(root, 'downloads'), ...more });
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `Story ${from + i}.`);
const lines = (name: string) => Array.from({ length: 10 }, (_, i) => `${name}${i}\n`);
const joined = (documents: string[]) => documents.map((text) => `${text}\n${END}\n`).join('');

describe('files with separators', () => {
  test('give every tenth document to validation, counted across files', async () => {
    const files = { 'a.txt': joined(numbers(0, 15)), 'b.txt': joined(numbers(15, 30)) };
    const { train, validation } = await read(files, { path: '*.txt', separator: END });
    expect(await collect(validation)).toEqual(['Story 9.', 'Story 19.', 'Story 29.']);
    expect(await collect(train)).toEqual(numbers(0, 30).filter((_, i) => i % 10 !== 9));
  });

  test('are read wholly when validation files are named', async () => {
    const files = { 'a.txt': joined(numbers(0, 15)), 'v.txt': joined(numbers(15, 20)) };
    const { train, validation } = await read(files, { path: 'a.txt', validation: 'v.txt', separator: END });
    expect(await collect(train)).toEqual(numbers(0, 15));
    expect(await collect(validation)).toEqual(numbers(15, 20));
  });

  test('can be read again', async () => {
    const { train } = await read({ 'a.txt': joined(numbers(0, 12)) }, { path: 'a.txt', separator: END });
    expect(await collect(train)).toEqual(await collect(train));
  });
});

describe('files without separators', () => {
  test('are whole documents when there are enough of them', async () => {
    const files = Object.fromEntries(numbers(0, 8).map((text, i) => [`${i}.txt`, `${text}\n`]));
    const { train, validation } = await read(files, { path: '*.txt', validationShare: 0.25 });
    expect(await collect(validation)).toEqual(['Story 3.\n', 'Story 7.\n']);
    expect(await collect(train)).toHaveLength(6);
  });

  test('are each divided at a line start when there are few', async () => {
    const files = { 'a.txt': lines('a').join(''), 'b.txt': lines('b').join('') };
    const { train, validation } = await read(files, { path: '*.txt', validationShare: 0.2 });
    expect(await collect(train)).toEqual([lines('a').slice(0, 9).join(''), lines('b').slice(0, 9).join('')]);
    expect(await collect(validation)).toEqual(['a9\n', 'b9\n']);
  });
});

test('jsonl files are read from their field', async () => {
  const stories = numbers(0, 20).map((story) => JSON.stringify({ story }));
  const { train, validation } = await read(
    { 'a.jsonl': stories.join('\n') },
    {
      path: 'a.jsonl',
      format: 'jsonl',
      field: 'story',
    },
  );
  expect(await collect(validation)).toEqual(['Story 9.', 'Story 19.']);
  expect(await collect(train)).toHaveLength(18);
});

test('parquet files are read from their column', async () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const path = 'test/fixtures/parquet-corpus-snappy.parquet';
  const { source } = await resolveSource(sourceParameters.parse({ type: 'file', path, format: 'parquet' }), { root });
  const progress: SourceProgress[] = [];
  const { train } = await readDocuments(source, { root, directory: root, onProgress: (p) => void progress.push(p) });
  expect((await collect(train))[0]).toBe('Story 1: café 🐉\nword ');
  expect(progress.at(-1)!.done).toBe(progress.at(-1)!.total);
});

test.each([
  ['no text', { 'a.txt': '' }, 'train', /no training documents[^]*no text/],
  ['nothing but separators', { 'a.txt': `${END}\n${END}` }, 'train', /no training documents/],
  [
    'too few documents to hold one out',
    { 'a.txt': joined(numbers(0, 5)) },
    'validation',
    /no validation documents[^]*5 documents/,
  ],
] as const)('a corpus with %s is an error', async (_, files, part, message) => {
  const documents = await read(files, { path: '*.txt', separator: END });
  const error: unknown = await collect(documents[part]).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toMatch(message);
});

test('an aborted signal ends the reading', async () => {
  const stop = new AbortController();
  const files = { 'a.txt': joined(numbers(0, 20)) };
  const { train } = await read(files, { path: 'a.txt', separator: END }, { signal: stop.signal });
  stop.abort(new Error('SIGTERM'));
  await expect(collect(train)).rejects.toThrow('SIGTERM');
});

test('reading reports the bytes read, up to all of them', async () => {
  const progress: SourceProgress[] = [];
  const files = { 'a.txt': joined(numbers(0, 15)), 'b.txt': joined(numbers(15, 30)) };
  const { train } = await read(files, { path: '*.txt', separator: END }, { onProgress: progress.push.bind(progress) });
  await collect(train);
  const total = Buffer.byteLength(files['a.txt'] + files['b.txt']);
  expect(progress.at(-1)).toEqual({ activity: 'read', name: 'training documents', done: total, total, unit: 'bytes' });
  expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).sort((a, b) => a - b));
});

test('embedded stories come from one sequence: first those to train on, then those to validate on', async () => {
  const { source } = await resolveSource(
    sourceParameters.parse({ type: 'embedded', stories: 5, validationStories: 3, seed: 9 }),
    { root: '/' },
  );
  const { train, validation } = await readDocuments(source, { root: '/', directory: '/' });
  const stories = [...embeddedStories({ stories: 8, seed: 9 })];
  expect(await collect(train)).toEqual(stories.slice(0, 5));
  expect(await collect(validation)).toEqual(stories.slice(5));
});

test('a slice of a hub file loses the document that is cut', async () => {
  const content = Buffer.from(joined(numbers(0, 50)));
  const server = await startHubServer({ files: { 'train.txt': content, 'valid.txt': Buffer.from(joined(['V.'])) } });
  const source = sourceParameters.parse({
    type: 'hub',
    repository: server.repository,
    revision: server.revision,
    train: { ...server.pin('train.txt'), firstBytes: content.indexOf('Story 20') },
    validation: server.pin('valid.txt'),
    separator: END,
  });
  const root = await scratchDirectory();
  const resolved = await resolveSource(source, { root });
  const documents = await readDocuments(resolved.source, { root, directory: root, env: { HF_ENDPOINT: server.url } });
  await server.close();
  expect(await collect(documents.train)).toEqual(numbers(0, 20));
  expect(await collect(documents.validation)).toEqual(['V.']);
});

const shared = fileURLToPath(new URL('../../../../shared/data', import.meta.url));

const sharedDocuments = async (source: Record<string, unknown>) => {
  const resolved = await resolveSource(sourceParameters.parse({ type: 'file', ...source }), { root: shared });
  return readDocuments(resolved.source, { root: shared, directory: shared });
};

describe.skipIf(!existsSync(shared))('real text (skipped where ../shared/data is absent)', () => {
  test('Tiny Shakespeare is divided at nine tenths of its 1,115,394 bytes', async () => {
    const { train, validation } = await sharedDocuments({ path: 'tinyshakespeare.txt' });
    const [[first], [last]] = [await collect(train), await collect(validation)];
    expect(Buffer.byteLength(first!) + Buffer.byteLength(last!)).toBe(1_115_394);
    expect(Buffer.byteLength(last!)).toBeGreaterThan(111_400);
    expect(Buffer.byteLength(last!)).toBeLessThanOrEqual(111_540);
    expect(first!.endsWith('\n')).toBe(true);
  });

  test('the beginning of TinyStories has 2,316 whole stories and one that is cut', async () => {
    const { train, validation } = await sharedDocuments({ path: 'tinystories-train-2M.txt', separator: END });
    expect((await collect(train)).length + (await collect(validation)).length).toBe(2_317);
    expect(await collect(validation)).toHaveLength(231);
    expect((await collect(train)).filter((story) => story.includes(END))).toEqual([]);
  });
});
