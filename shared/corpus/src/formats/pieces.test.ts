/** @file Splitting of files, against String.split. */

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect, scratchFile } from '../testing/scratch.ts';
import { readPieces } from './pieces.ts';

const READ_BYTES = 2 ** 20;

async function split(content: string | Buffer, separator: string, cut = false) {
  const file = await scratchFile(content, cut);
  const batches = await collect(
    readPieces(file, Buffer.from(separator), ({ bytes, ...place }) => ({ text: bytes.toString(), ...place }), {}),
  );
  return batches.flat();
}

test('the pieces are those of String.split, with their places', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: fc.constantFrom('a', 'é', '<', '|', '>') }), async (content) => {
      const pieces = await split(content, '<|');
      expect(pieces.map(({ text }) => text)).toEqual(content.split('<|'));
      for (const { text, offset } of pieces) {
        expect(Buffer.from(content).subarray(offset).toString().startsWith(text)).toBe(true);
      }
      expect(pieces.map(({ index }) => index)).toEqual(pieces.map((_, i) => i));
    }),
    { seed: 1, numRuns: 100 },
  );
});

test.each([-3, -2, -1, 0, 1])('a separator that begins %i bytes from the end of a read is found', async (shift) => {
  const first = 'a'.repeat(READ_BYTES + shift);
  expect(await split(`${first}<|>b`, '<|>')).toEqual([
    { text: first, offset: 0, index: 0, last: false },
    { text: 'b', offset: first.length + 3, index: 1, last: true },
  ]);
});

test('a piece longer than several reads is whole', async () => {
  const long = 'abcdefg'.repeat((5 * READ_BYTES) / 7);
  expect((await split(`x\n${long}\ny`, '\n')).map(({ text }) => text)).toEqual(['x', long, 'y']);
});

test('a byte order mark is skipped at the beginning, and only there', async () => {
  expect((await split('\ufeffa\n\ufeffb', '\n')).map(({ text, offset }) => ({ text, offset }))).toEqual([
    { text: 'a', offset: 3 },
    { text: '\ufeffb', offset: 5 },
  ]);
});

test('what follows the last separator of a cut file is left out', async () => {
  expect((await split('a\nb\nc', '\n', true)).map(({ text }) => text)).toEqual(['a', 'b']);
  expect(await split('a', '\n', true)).toEqual([]);
});

test('an aborted signal ends the reading with its reason', async () => {
  const file = await scratchFile('a\nb');
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(collect(readPieces(file, Buffer.from('\n'), () => 1, { signal }))).rejects.toThrow('stopped');
});
