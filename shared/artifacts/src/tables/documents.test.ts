import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readBatches } from './arrow-file.ts';
import { documentBatches, readTextBatches } from './documents.ts';
import { documentsTable, writeTable } from './kinds.ts';

test('documents are numbered across record batches, which exceed their limit for a single document only, and counted', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'documents-')), 'train.arrow');
  const count = { documents: 0, bytes: 0 };
  async function* texts() {
    for (const length of [20, 20, 20, 20, 100, 40, 24, 2]) yield 'é'.padEnd(length - 1, 'x'); // é is two bytes
  }
  await writeTable(path, documentsTable, {}, documentBatches(texts(), count, 64));
  expect(count).toEqual({ documents: 8, bytes: 246 });
  const indices: number[][] = [];
  for await (const batch of readBatches(path, 'documents')) indices.push([...batch].map(({ index }) => index as number));
  expect(indices).toEqual([[0, 1, 2], [3], [4], [5, 6], [7]]);
});

test('text batches are the UTF-8 of the documents, a batch per record batch, empty documents among them', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'documents-')), 'train.arrow');
  const batches = [['é', '', 'a🦊'], [''], ['last']];
  async function* columns() {
    for (const texts of batches) {
      const count = { documents: 0, bytes: 0 };
      async function* stream() {
        yield* texts;
      }
      yield* documentBatches(stream(), count);
    }
  }
  await writeTable(path, documentsTable, {}, columns());
  const read: string[][] = [];
  for await (const { bytes, offsets } of readTextBatches(path)) {
    const document = (_: unknown, i: number) => Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString();
    read.push(Array.from({ length: offsets.length - 1 }, document));
  }
  expect(read).toEqual(batches);
});
