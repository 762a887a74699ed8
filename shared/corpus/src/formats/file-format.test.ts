/** @file What a file is by its name, its content and its source, and what happens when these contradict one another. */

import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { scratchFile } from '../testing/scratch.ts';
import { identifyFile } from './file-format.ts';
import type { Expectation } from './file-format.ts';

const texts = Array.from({ length: 30 }, (_, i) => `Story ${i}.`);
const plain = texts.join('\n***\n');
const lines = texts.map((text) => JSON.stringify({ id: 1, text })).join('\n');
const array = JSON.stringify(
  texts.map((text) => ({ text })),
  undefined,
  1,
);
const table = `id,text\n${texts.map((text, i) => `${i},${text}`).join('\n')}\n`;
const parquet = readFileSync(new URL('../../../../test/fixtures/parquet-corpus-snappy.parquet', import.meta.url));

async function identify(
  name: string,
  content: string | Uint8Array,
  expected: Partial<Expectation> = {},
): Promise<string> {
  const file = { ...(await scratchFile(content)), name };
  const { format, compression } = await identifyFile(file, { field: 'text', ...expected });
  return compression === undefined ? format : `${format} in ${compression}`;
}

describe('a format is taken', () => {
  test.each([
    ['stories.txt', plain, 'text'],
    ['stories', plain, 'text'],
    ['README.md', plain, 'text'],
    ['code.py', '{1: 2}\n', 'text'],
    ['stories.jsonl', lines, 'jsonl'],
    ['stories.NDJSON', lines, 'jsonl'],
    ['stories.json', array, 'json'],
    ['stories.json', lines, 'json'],
    ['stories.csv', table, 'csv'],
    ['stories.tsv', table.replaceAll(',', '\t'), 'tsv'],
    ['stories.parquet', parquet, 'parquet'],
    ['stories', lines, 'jsonl'],
    ['stories', array, 'json'],
    ['stories', table, 'csv'],
    ['stories', parquet, 'parquet'],
    ['https://host/stories.jsonl.gz?download=1#top', gzipSync(lines), 'jsonl in gzip'],
    ['stories.txt.gz', gzipSync(plain), 'text in gzip'],
    ['stories.gz', gzipSync(table), 'csv in gzip'],
    ['stories', gzipSync(lines), 'jsonl in gzip'],
    ['stories.v1.2', plain, 'text'],
    ['empty.txt', '', 'text'],
    ['empty.jsonl', '', 'jsonl'],
  ])('from the name %j and the content', async (name, content, format) => {
    expect(await identify(name, content)).toBe(format);
  });

  test('from the source where the name says nothing else', async () => {
    expect(await identify('stories.txt', lines, { format: 'jsonl' })).toBe('jsonl');
    expect(await identify('stories.json', lines, { format: 'jsonl' })).toBe('jsonl');
    expect(await identify('stories.jsonl', lines, { format: 'raw' })).toBe('raw');
    expect(await identify('stories.csv.gz', gzipSync(table), { format: 'raw' })).toBe('raw in gzip');
  });
});

describe('a contradiction is an error', () => {
  test.each<[string, string | Uint8Array, Partial<Expectation>, RegExp]>([
    ['stories.txt', lines, {}, /content looks like JSON Lines, .* read as text[^]*format: jsonl/],
    ['stories.txt', lines, { format: 'text' }, /content looks like JSON Lines[^]*format: raw/],
    ['stories.txt', `\ufeff\n${array}`, {}, /content looks like JSON,/],
    ['stories.txt', JSON.stringify({ text: 'a' }, undefined, 2), {}, /content looks like JSON Lines/],
    ['stories.txt', table, {}, /content looks like CSV/],
    ['stories.txt', table.replaceAll(',', '\t'), {}, /content looks like TSV/],
    ['stories', lines, { separator: '***' }, /looks like JSON Lines[^]*leave out its separator/],
    ['stories.jsonl', lines, { format: 'text' }, /name says JSON Lines, .* read as text/],
    ['stories.csv', table, { format: 'text' }, /name says CSV/],
    ['stories.csv', table, { separator: '***' }, /a separator is for text, and this is CSV/],
    ['stories.csv', lines, {}, /content looks like JSON Lines, .* read as CSV/],
    ['stories.tsv', table, { format: 'csv' }, /name says TSV, .* read as CSV/],
    ['stories.csv', lines, { format: 'jsonl' }, /name says CSV, .* read as JSON Lines/],
    ['stories.jsonl', parquet, {}, /content looks like Parquet, .* read as JSON Lines/],
    ['stories.txt', parquet, { invalidUtf8: 'replace' }, /content looks like Parquet/],
    ['stories.txt', gzipSync(plain), { invalidUtf8: 'replace' }, /not compressed, its content is gzip[^]*add \.gz/],
    ['stories.jsonl', gzipSync(lines), { format: 'jsonl' }, /not compressed, its content is gzip/],
    ['stories.txt.gz', plain, {}, /name says gzip, its content is something else/],
    ['stories.txt.gz', '', {}, /name says gzip, its content is nothing/],
    ['stories.txt.zst', gzipSync(plain), {}, /name says zstd, its content is gzip/],
  ])('%s', async (name, content, expected, message) => {
    await expect(identify(name, content, expected)).rejects.toThrow(message);
  });
});

const utf16 = (text: string, mark: number[]) => Buffer.concat([Buffer.from(mark), Buffer.from(text, 'utf16le')]);
const ofBytes = (...start: (number | string)[]) =>
  Buffer.concat([
    ...start.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part]))),
    Buffer.alloc(600, 'x'),
  ]);

describe('what cannot be read is named, even where bytes that are not UTF-8 are replaced', () => {
  test.each<[string, string, Uint8Array, RegExp]>([
    ['bzip2', 'a.txt.bz2', ofBytes('BZh91AY&SY'), /bzip2 cannot be read[^]*bzip2 -dk a\.txt\.bz2/],
    ['bzip2 without its name', 'a.txt', ofBytes('BZh91AY&SY'), /bzip2 cannot be read/],
    ['xz', 'a.txt', ofBytes(0xfd, '7zXZ', 0), /xz cannot be read[^]*xz -dk/],
    ['lz4', 'a', ofBytes(0x04, 0x22, 0x4d, 0x18), /lz4 cannot be read/],
    ['brotli, by its name', 'a.txt.br', ofBytes(0x8b), /brotli cannot be read/],
    ['a ZIP archive', 'a.zip', ofBytes('PK', 3, 4), /a ZIP archive cannot be read[^]*unzip a\.zip/],
    ["a word processor's document", 'a.docx', ofBytes('PK', 3, 4), /a ZIP archive/],
    [
      'a tar archive',
      'a.txt',
      Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\0'), Buffer.alloc(249)]),
      /a tar archive/,
    ],
    [
      'a tar archive in gzip',
      'a.txt.gz',
      gzipSync(Buffer.concat([Buffer.alloc(257, 'a'), Buffer.from('ustar\0'), Buffer.alloc(249)])),
      /a tar archive within gzip/,
    ],
    ['gzip in gzip', 'a.txt.gz', gzipSync(gzipSync('a')), /gzip within gzip/],
    ['Parquet in gzip', 'a.parquet.gz', gzipSync(parquet), /a Parquet file within gzip/],
    ['PDF', 'a.txt', ofBytes('%PDF-1.7'), /a PDF document, not text/],
    ['Arrow', 'a.arrow', ofBytes('ARROW1', 0, 0), /an Arrow file, not text/],
    ['UTF-16', 'a.txt', utf16(plain, [0xff, 0xfe]), /UTF-16, not text[^]*iconv -f UTF-16/],
    ['UTF-16 without a mark', 'a.txt', utf16(plain, []), /UTF-16, not text/],
    [
      'bytes without a signature',
      'a.txt',
      Buffer.from(Array.from({ length: 4096 }, (_, i) => ((i * i * 37 + i * 101) % 251) | 0x80)),
      /hardly any of this is UTF-8/,
    ],
  ])('%s', async (_, name, content, message) => {
    await expect(identify(name, content, { invalidUtf8: 'replace' })).rejects.toThrow(message);
  });

  test('but a text in Latin-1 is not taken for binary', async () => {
    const text = Buffer.from(
      '\u00c9t\u00e9 comme hiver, le gar\u00e7on d\u00e9\u00e7u r\u00eavait. '.repeat(100),
      'latin1',
    );
    expect(await identify('a.txt', text, { invalidUtf8: 'replace' })).toBe('text');
  });
});
