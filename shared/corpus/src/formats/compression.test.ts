/** @file Compressed files: the same documents as without compression, and an error for each kind of damage. */

import * as zlib from 'node:zlib';
import { expect, test } from 'vitest';
import { collect, scratchFile } from '../testing/scratch.ts';
import { readJson } from './json.ts';
import { readRunningText, readSeparatedText } from './text.ts';

const stories = Array.from({ length: 50_000 }, (_, i) => `Story ${i} is about ${(i * 7919) % 1009} cats.`);
const text = Buffer.from(stories.join('\n***\n'));

const gz = async (content: Uint8Array, cut = false) => ({
  ...(await scratchFile(content, cut)),
  name: 'corpus.txt.gz',
  compression: 'gzip' as const,
});
const separated = async (content: Uint8Array, cut = false) =>
  (await collect(readSeparatedText(await gz(content, cut), '***', {}))).flat();

test('the documents are those of the text that was compressed, in one member or several', async () => {
  expect(await separated(zlib.gzipSync(text))).toEqual(stories);
  expect(
    await separated(Buffer.concat([zlib.gzipSync(text.subarray(0, 999)), zlib.gzipSync(text.subarray(999))])),
  ).toEqual(stories);
  const lines = zlib.gzipSync(stories.map((story) => JSON.stringify({ text: story })).join('\n'));
  expect((await collect(readJson(await gz(lines), { field: 'text' }, {}))).flat()).toEqual(stories);
});

test('running text is divided as without compression', async () => {
  const plain = await scratchFile(text);
  const packed = await gz(zlib.gzipSync(text));
  for (const part of ['all', 'train', 'validation'] as const) {
    expect(await collect(readRunningText(packed, part, 0.1, {}))).toEqual(
      await collect(readRunningText(plain, part, 0.1, {})),
    );
  }
});

test('damage is an error that names the file', async () => {
  const packed = zlib.gzipSync(text);
  await expect(separated(packed.subarray(0, packed.length >> 1))).rejects.toThrow(/corpus\.txt\.gz: .*ends too early/);
  await expect(separated(packed.subarray(0, -4))).rejects.toThrow(/ends too early/);
  const wrongChecksum = Buffer.from(packed);
  wrongChecksum[packed.length - 8]! ^= 1;
  await expect(separated(wrongChecksum)).rejects.toThrow(/incorrect data check/);
  await expect(separated(text)).rejects.toThrow(/incorrect header check/);
  await expect(separated(packed, true)).rejects.toThrow(/leave out firstBytes/);
});

test('a reader that stops early, and one that is aborted, leave nothing open', async () => {
  const file = await gz(zlib.gzipSync(text));
  for await (const batch of readSeparatedText(file, '***', {})) {
    expect(batch[0]).toBe(stories[0]);
    break;
  }
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(collect(readSeparatedText(file, '***', { signal }))).rejects.toThrow('stopped');
});

/** `Story 0` to `Story 19`, three asterisks between them, compressed by the reference implementation with a checksum. */
const zstdStories = Buffer.from(
  'KLUv/ST1ZQIA+FN0b3J5IDAKKioqCjEyMzQ1Njc4OTExMTExMTExODkTADAcDp5jAuMkYNwBjGN/cOIHd31wwYdzwDBgBJgDhgEjwBwwDBgB5n4oSSfaTgg=',
  'base64',
);
const hasZstd = 'createZstdDecompress' in zlib;
const readZstd = async (content: Uint8Array) => {
  const file = { ...(await scratchFile(content)), name: 'corpus.txt.zst', compression: 'zstd' as const };
  return (await collect(readSeparatedText(file, '***', {}))).flat();
};

test.runIf(hasZstd)('Zstandard is read where Node has it, and damage to it is an error', async () => {
  expect(await readZstd(zstdStories)).toEqual(Array.from({ length: 20 }, (_, i) => `Story ${i}`));
  await expect(readZstd(zstdStories.subarray(0, -6))).rejects.toThrow(/corpus\.txt\.zst: .*ends too early/);
  const damaged = Buffer.from(zstdStories);
  damaged[damaged.length - 1]! ^= 1;
  await expect(readZstd(damaged)).rejects.toThrow(/not a readable zstd file/);
});

test.skipIf(hasZstd)('Zstandard is an error that names the version of Node for it, where Node is older', async () => {
  await expect(readZstd(zstdStories)).rejects.toThrow(/Zstandard compression cannot be read[^]*Node 22\.15[^]*zstd -d/);
});
