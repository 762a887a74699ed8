import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readBatches } from './arrow-file.ts';
import { documentBatches, readTextBatches } from './documents.ts';
import { documentsTable, writeTable } from './kinds.ts';

async function* texts(count: number, length: number): AsyncGenerator<string> {
  for (let i = 0; i < count; i++) yield `${i}é`.padEnd(length, 'x');
}

test('documents are numbered across record batches of at most a little over 64 MiB, and counted', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'documents-')), 'train.arrow');
  const count = { documents: 0, bytes: 0 };
  await writeTable(path, documentsTable, {}, documentBatches(texts(7, 20 << 20), count));
  expect(count).toEqual({ documents: 7, bytes: 7 * ((20 << 20) + 1) }); // é is two bytes
  const rows: number[] = [];
  for await (const batch of readBatches(path, 'documents')) rows.push(batch.numRows);
  expect(rows).toEqual([4, 3]);
  let index = 0;
  for await (const { bytes, offsets } of readTextBatches(path)) {
    for (let i = 1; i < offsets.length; i++) {
      const [start, end] = [offsets[i - 1]!, offsets[i]!];
      expect(Buffer.from(bytes.subarray(start, end)).toString('utf8').startsWith(`${index++}é`)).toBe(true);
      expect(end - start).toBe((20 << 20) + 1);
    }
  }
  expect(index).toBe(7);
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
