/** @file Tests of encoding streams of documents. */

import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeBatches } from './encode-batches.ts';
import { createEncoder } from './encoder.ts';
import { fromTokenizerJson } from './read-tokenizer-json.ts';
import type { TextBatch } from './text-batch.ts';
import { corpus, fixtures } from './test-fixtures.ts';

/** One of each pattern. */
const models = fixtures.map(({ tokenizer }) => fromTokenizerJson(JSON.stringify(tokenizer), 'fixture'));
const model = models[0]!;
const documents = ['', ...corpus.documents, ...corpus.texts];

function batch(texts: readonly string[]): TextBatch {
  const encoded = texts.map((text) => Buffer.from(text));
  const offsets = [0];
  for (const { length } of encoded) offsets.push(offsets.at(-1)! + length);
  return { bytes: Buffer.concat(encoded), offsets: Int32Array.from(offsets) };
}

/** Three batches of more than 1 MB, an empty one, and one of an empty document. */
const repeated = Array.from({ length: 100 }, () => documents).flat();
const batches = [batch(repeated), batch([]), batch(repeated), batch(['']), batch(repeated)];

async function encode(threads: number, workersFrom: number) {
  const pieces: { ids: Uint32Array; offsets: Int32Array }[] = [];
  for await (const piece of encodeBatches(model, batches, { threads, workersFrom })) pieces.push(piece);
  const [ids, offsets] = [pieces.map((piece) => piece.ids), pieces.map((piece) => piece.offsets)];
  return { pieces, digest: [ids, offsets].map((arrays) => digest(arrays)) };
}

/** Quicker to compare than the numbers. */
function digest(arrays: readonly (Uint32Array | Int32Array)[]): string {
  const hash = createHash('sha256');
  for (const array of arrays) hash.update(`${array.length}:`).update(array);
  return hash.digest('hex');
}

test('gives the ids of each document, in order, whatever the number of threads', async () => {
  const encoder = createEncoder(model);
  const expected = new Map(documents.map((text) => [text, encoder.encode(text)]));
  const one = await encode(1, 0);
  expect(one.pieces.length).toBeGreaterThan(batches.length);
  const found = one.pieces.flatMap(({ ids, offsets }) =>
    Array.from(offsets.subarray(1), (end, i) => ids.subarray(offsets[i], end)),
  );
  const texts = [...repeated, ...repeated, '', ...repeated];
  expect(found).toHaveLength(texts.length);
  expect(found.every((ids, i) => String(ids) === String(expected.get(texts[i]!)))).toBe(true);
  expect((await encode(2, 0)).digest).toEqual(one.digest);
  expect((await encode(3, 2 ** 40)).digest).toEqual(one.digest);
  expect(batches[0]!.bytes.length).toBeGreaterThan(0); // the inputs are not taken away
});

test('the tokens of any bytes, joined, are those bytes', async () => {
  // Byte by byte, and pieces of UTF-8 in wrong order.
  const document = fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        fc.constantFrom(...['é', '漢', '👍', ' the', "'s", '\n '].map((text) => Buffer.from(text))),
      ),
    )
    .chain((parts) => fc.nat(3).map((cut) => Buffer.concat(parts).subarray(cut)));
  await fc.assert(
    fc.asyncProperty(fc.array(document, { maxLength: 4 }), async (texts) => {
      const offsets = texts.reduce((ends, { length }) => [...ends, ends.at(-1)! + length], [0]);
      const input = { bytes: Buffer.concat(texts), offsets: Int32Array.from(offsets) };
      for (const fixture of models) {
        const found: Buffer[] = [];
        for await (const { ids, offsets: ends } of encodeBatches(fixture, [input], { threads: 1 })) {
          ends.subarray(1).forEach((end, i) => {
            found.push(Buffer.concat(Array.from(ids.subarray(ends[i], end), (id) => fixture.vocabulary[id]!)));
          });
        }
        expect(found.map((bytes) => [...bytes])).toEqual(texts.map((bytes) => [...bytes]));
      }
    }),
    { numRuns: 40 },
  );
});

test('ends on a signal', async () => {
  const outputs = encodeBatches(model, batches, { threads: 1, signal: AbortSignal.abort(new Error('enough')) });
  await expect(outputs.next()).rejects.toThrow('enough');
});
