import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentBatches, documentsTable, randomOrder, writeTable } from '@arrowsmith/artifacts';
import { expect, test } from 'vitest';
import { shuffledTextBatches } from './shuffled-documents.ts';

const texts = Array.from({ length: 50 }, (_, i) => (i === 7 ? '' : `${i}é`.repeat(i)));
const path = join(mkdtempSync(join(tmpdir(), 'shuffled-')), 'train.arrow');

/** The texts in record batches of 20. */
async function* batches() {
  for (let from = 0; from < texts.length; from += 20) {
    async function* some() {
      yield* texts.slice(from, from + 20);
    }
    yield* documentBatches(some(), { documents: from, bytes: 0 });
  }
}

async function shuffled(seed: number): Promise<string[]> {
  const read: string[] = [];
  for await (const { bytes, offsets } of shuffledTextBatches(path, seed)) {
    for (let i = 0; i + 1 < offsets.length; i++)
      read.push(Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString());
  }
  return read;
}

test('documents come in the order of a permutation by the seed, each once, also across record batches', async () => {
  await writeTable(path, documentsTable, {}, batches());
  const first = await shuffled(1);
  expect(first).toEqual(Array.from(randomOrder(texts.length, 'document order, seed 1'), (document) => texts[document]));
  expect(first.toSorted()).toEqual(texts.toSorted());
  expect(first).not.toEqual(texts);
  expect(await shuffled(1)).toEqual(first);
  expect(await shuffled(2)).not.toEqual(first);
});

test('every document comes first equally often', () => {
  const counts = [0, 0, 0, 0];
  for (let seed = 0; seed < 4000; seed++) counts[randomOrder(4, `document order, seed ${seed}`)[0]!]!++;
  // Binomial(4000, 1/4): mean 1000, deviation 27.4; four deviations.
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(110);
});
