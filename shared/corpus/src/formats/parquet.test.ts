/** @file Parquet, against files written by pyarrow (scripts/parity/parquet-corpus.py). */

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as zlib from 'node:zlib';
import { UserError } from '@arrowsmith/errors';
import { expect, test } from 'vitest';
import { readParquet } from './parquet.ts';

const fixture = (codec: string) =>
  fileURLToPath(new URL(`../../../../test/fixtures/parquet-corpus-${codec}.parquet`, import.meta.url));
const hasZstd = 'zstdDecompressSync' in zlib;

async function read(path: string, field: string, more = {}, options = {}): Promise<string[]> {
  const file = { path, name: 'corpus.parquet', bytes: (await stat(path)).size, cut: false };
  const documents: string[] = [];
  for await (const batch of readParquet(file, { field, ...more }, options)) documents.push(...batch);
  return documents;
}

/** The rule of the script that wrote the files; null and empty rows are not documents. */
const expected = Array.from({ length: 500 }, (_, i) => i)
  .filter((i) => i % 7 !== 0 && i % 11 !== 0)
  .map((i) => `Story ${i}: café 🐉\n${'word '.repeat(i % 5)}`);

test.each(['snappy', 'gzip'])('a %s column is read across row groups, without null and empty rows', async (codec) => {
  expect(await read(fixture(codec), 'text')).toEqual(expected);
});

test('a column may lie in structs, and a name with a dot in it comes first', async () => {
  const reasons: Record<string, number> = {};
  const onLeftOut = (reason: string) => void (reasons[reason] = (reasons[reason] ?? 0) + 1);
  const nested = expected.filter((text) => Number(/\d+/.exec(text)) % 13 !== 0);
  expect(await read(fixture('nested'), 'data.part.text', {}, { onLeftOut })).toEqual(nested);
  const every = (matches: (i: number) => boolean) => Array.from({ length: 500 }, (_, i) => i).filter(matches).length;
  expect(reasons).toEqual({
    null: every((i) => i % 13 === 0 || i % 7 === 0),
    empty: every((i) => i % 13 !== 0 && i % 7 !== 0 && i % 11 === 0),
  });
  expect((await read(fixture('nested'), 'flat.text'))[499]).toBe('Flat 499');
});

test('a column of lists of turns becomes conversations where that is asked for', async () => {
  const conversation = { turn: '[{role}] {content}', between: '\n' };
  const conversations = await read(fixture('nested'), 'messages', { conversation });
  expect(conversations).toHaveLength(500);
  expect(conversations[0]).toBe('[user] Tell story 0');
  expect(conversations[1]).toBe('[user] Tell story 1\n[assistant] Story 1: café 🐉\nword ');
  await expect(read(fixture('nested'), 'messages')).rejects.toThrow(
    /"messages" does not hold strings[^]*set conversation: \{\}/,
  );
  await expect(read(fixture('nested'), 'flat.text', { conversation })).rejects.toThrow(/does not hold conversations/);
});

test.runIf(hasZstd)('a zstd column is read where Node has zstd', async () => {
  expect(await read(fixture('zstd'), 'text')).toEqual(expected);
});

test.skipIf(hasZstd)(
  'a zstd column is an error that names the version of Node for it, where Node is older',
  async () => {
    await expect(read(fixture('zstd'), 'text')).rejects.toThrow(/ZSTD compression[^]*Node 22\.15/);
  },
);

test('a codec that cannot be read is named', async () => {
  await expect(read(fixture('lz4'), 'text')).rejects.toThrow(/LZ4_RAW compression cannot be read/);
});

test('a column that is missing or not of strings is an error that names what there is', async () => {
  await expect(read(fixture('snappy'), 'story')).rejects.toThrow(/no column "story"[^]*id, text, latin1, tags/);
  await expect(read(fixture('nested'), 'text')).rejects.toThrow(
    /no column "text"[^]*data\.lang, data\.part\.text, flat\.text, messages/,
  );
  await expect(read(fixture('nested'), 'data.part')).rejects.toThrow(
    /"data\.part" does not hold strings[^]*struct of text/,
  );
  await expect(read(fixture('snappy'), 'id')).rejects.toThrow(/"id" does not hold strings[^]*INT64/);
  await expect(read(fixture('snappy'), 'tags')).rejects.toThrow(/"tags" does not hold strings[^]*LIST/);
});

test('bytes that are not UTF-8 are an error that names the row', async () => {
  await expect(read(fixture('snappy'), 'latin1')).rejects.toThrow(/row 2, byte 3[^]*0xe9/);
});

test('a byte of its metadata that has changed is an error that names the file, or changes nothing that is read', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'corpus-parquet-'));
  const path = join(directory, 'changed.parquet');
  const whole = await readFile(fixture('snappy'));
  const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
  const raw: number[] = [];
  for (let at = footer; at < whole.length - 8; at++) {
    const changed = Buffer.from(whole);
    changed[at] = changed[at]! ^ 0x2c;
    await writeFile(path, changed);
    const error: unknown = await read(path, 'text').then(
      () => undefined,
      (e: unknown) => e,
    );
    if (error !== undefined && !(error instanceof UserError)) raw.push(at);
  }
  expect(raw).toEqual([]);
  await rm(directory, { recursive: true });
});

/** The gzip fixture with a byte of its metadata changed. */
async function withByteChanged(byte: number): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'corpus-parquet-')), 'changed.parquet');
  const changed = await readFile(fixture('gzip'));
  const footer = changed.length - 8 - changed.readUInt32LE(changed.length - 8);
  changed[footer + byte] = changed[footer + byte]! ^ 0x07;
  await writeFile(path, changed);
  return path;
}

test('a number of rows that the rest of the metadata does not bear out is an error that names the file', async () => {
  const reading = read(await withByteChanged(902), 'text');
  await expect(reading).rejects.toThrow(UserError);
  await expect(reading).rejects.toThrow(/corpus\.parquet[^]*outside scan ranges[^]*to do/);
});

test('a column with fewer than no children does not keep the reader busy: another one is read', async () => {
  expect(await read(await withByteChanged(65), 'text')).toEqual(await read(fixture('gzip'), 'text'));
});

test('a file that is cut or not Parquet at all is an error that names it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'corpus-parquet-'));
  const path = join(directory, 'damaged.parquet');
  const whole = await readFile(fixture('snappy'));
  const damaged = Buffer.from(whole);
  damaged.fill(0xff, 100, 1500);
  for (const bytes of [
    whole.subarray(0, whole.length / 2),
    Buffer.from('once upon a time'),
    Buffer.alloc(0),
    damaged,
  ]) {
    await writeFile(path, bytes);
    const error: unknown = await read(path, 'text').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toContain('corpus.parquet');
  }
  await rm(directory, { recursive: true });
});
