/**
 * @file One training of a tokenizer, for the benchmark: a process of its own, of which the memory can be told. Arguments: file of documents
 * that are separated by `<|endoftext|>`, vocabulary size, threads, and optionally where to write the tokenizer.json. Prints seconds from the first
 * byte read to the model, and peak memory, as JSON.
 */
import { createReadStream, writeFileSync } from 'node:fs';
import { toTokenizerJson, trainBpe, type TextBatch } from '@arrowsmith/bpe';

const BLOCK_BYTES = 4 * 2 ** 20;
const END_OF_TEXT = '<|endoftext|>';

const [path = '', vocabularySize, threads, output] = process.argv.slice(2);
const start = performance.now();
let countedAt = start;
const model = await trainBpe(separatedDocuments(path), {
  vocabularySize: Number(vocabularySize),
  pattern: 'gpt2',
  specialTokens: [END_OF_TEXT],
  threads: Number(threads),
  onProgress: ({ phase }) => {
    if (phase === 'count') countedAt = performance.now();
  },
});
const end = performance.now();
const maxRss = process.resourceUsage().maxRSS * 1024;
if (output !== undefined) writeFileSync(output, toTokenizerJson(model));
console.log(JSON.stringify({ seconds: (end - start) / 1000, countSeconds: (countedAt - start) / 1000, maxRss }));

/** The documents of a file in batches; what stands between two separators is a document. */
async function* separatedDocuments(file: string): AsyncGenerator<TextBatch> {
  let rest = Buffer.alloc(0);
  for await (const block of createReadStream(file, { highWaterMark: BLOCK_BYTES })) {
    const text = Buffer.concat([rest, block as Buffer]);
    const last = text.lastIndexOf(END_OF_TEXT);
    if (last >= 0) yield batchOf(text.subarray(0, last));
    rest = last >= 0 ? text.subarray(last + END_OF_TEXT.length) : text;
  }
  yield batchOf(rest);
}

function batchOf(text: Buffer): TextBatch {
  const documents: Buffer[] = [];
  for (let at = 0; at <= text.length;) {
    const separator = text.indexOf(END_OF_TEXT, at);
    const next = separator < 0 ? text.length : separator;
    documents.push(text.subarray(at, next));
    at = next + (separator < 0 ? 1 : END_OF_TEXT.length);
  }
  const offsets = new Int32Array(documents.length + 1);
  for (const [i, { length }] of documents.entries()) offsets[i + 1] = offsets[i]! + length;
  return { bytes: Buffer.concat(documents), offsets };
}
