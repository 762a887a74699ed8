/** @file Compressed files: the same documents as without compression, and an error for each kind of damage. */

import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { collect, scratchFile } from '../testing/scratch.ts';
import { readJsonl } from './jsonl.ts';
import { readRunningText, readSeparatedText } from './text.ts';

const stories = Array.from({ length: 50_000 }, (_, i) => `Story ${i} is about ${(i * 7919) % 1009} cats.`);
const text = Buffer.from(stories.join('\n***\n'));

const gz = async (content: Uint8Array, cut = false) => ({
  ...(await scratchFile(content, cut)),
  name: 'corpus.txt.gz',
});
const separated = async (content: Uint8Array, cut = false) =>
  (await collect(readSeparatedText(await gz(content, cut), '***', {}))).flat();

test('the documents are those of the text that was compressed, in one member or several', async () => {
  expect(await separated(gzipSync(text))).toEqual(stories);
  expect(await separated(Buffer.concat([gzipSync(text.subarray(0, 999)), gzipSync(text.subarray(999))]))).toEqual(
    stories,
  );
  const lines = gzipSync(stories.map((story) => JSON.stringify({ text: story })).join('\n'));
  expect((await collect(readJsonl(await gz(lines), 'text', {}))).flat()).toEqual(stories);
});

test('running text is divided as without compression', async () => {
  const plain = await scratchFile(text);
  const packed = await gz(gzipSync(text));
  for (const part of ['all', 'train', 'validation'] as const) {
    expect(await collect(readRunningText(packed, part, 0.1, {}))).toEqual(
      await collect(readRunningText(plain, part, 0.1, {})),
    );
  }
});

test('damage is an error that names the file', async () => {
  const packed = gzipSync(text);
  await expect(separated(packed.subarray(0, packed.length >> 1))).rejects.toThrow(/corpus\.txt\.gz: .*ends too early/);
  await expect(separated(packed.subarray(0, -4))).rejects.toThrow(/ends too early/);
  const wrongChecksum = Buffer.from(packed);
  wrongChecksum[packed.length - 8]! ^= 1;
  await expect(separated(wrongChecksum)).rejects.toThrow(/incorrect data check/);
  await expect(separated(text)).rejects.toThrow(/incorrect header check/);
  await expect(separated(packed, true)).rejects.toThrow(/leave out firstBytes/);
});

test('a reader that stops early, and one that is aborted, leave nothing open', async () => {
  const file = await gz(gzipSync(text));
  for await (const batch of readSeparatedText(file, '***', {})) {
    expect(batch[0]).toBe(stories[0]);
    break;
  }
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(collect(readSeparatedText(file, '***', { signal }))).rejects.toThrow('stopped');
});
