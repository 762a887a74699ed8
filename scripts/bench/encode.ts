/** @file Benchmark: encoding text on one and on several threads, against Hugging Face's tokenizers (Python and JavaScript) and tiktoken. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { encodeBatches, textBatches, toTokenizerJson, trainBpe, type BpeModel, type TextBatch } from '@arrowsmith/bpe';
import * as z from 'zod';
import { $, which } from 'zx';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';
import { inputOption, syntheticOption, textFile } from './text-file.ts';

export const description =
  'encoding text, MB/s, against tokenizers, tiktoken and @huggingface/tokenizers: [--input=FILE | --synthetic=24 MB] [--threads=all] [--vocabulary=4096] [--turns=3]';

const END_OF_TEXT = '<|endoftext|>';
/** A shorter text is repeated up to this size. */
const LEAST_BYTES = 24e6;
/** We encode the text so many times in one stream, so that starting threads counts as little as in a corpus. */
const PASSES = 8;
/** The JavaScript peer is slow: it gets a part of the text. */
const SLOW_PEER_BYTES = 2e6;

export const options = z.strictObject({
  input: inputOption,
  synthetic: syntheticOption(24),
  threads: threadsOption,
  vocabulary: z.coerce.number().int().min(257).default(4096),
  turns: z.coerce.number().int().min(1).default(3),
});

type Measured = Record<string, { seconds: number; tokens: number }>;

/**
 * Measures in turns and takes the median of each. All encode the same documents, held in memory, with the same vocabulary, and begin with
 * empty caches; the number of tokens must be the same. Starting our threads counts.
 */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { input, synthetic, threads, vocabulary, turns } = parseOptions(args, options);
  const folder = mkdtempSync(join(tmpdir(), 'bench-encode-'));
  const path = await textFile({ input, synthetic }, folder).catch((error: unknown) => {
    rmSync(folder, { recursive: true });
    throw error;
  });
  const { texts, documents, bytes } = readText(path);
  const model = await trainBpe(textBatches(texts), {
    vocabularySize: vocabulary,
    pattern: 'gpt2',
    specialTokens: [END_OF_TEXT],
  });
  const batches: TextBatch[] = [];
  for await (const batch of textBatches(documents)) batches.push(batch);
  const times: Record<string, number[]> = {};
  try {
    const paths = [join(folder, 'tokenizer.json'), join(folder, 'documents.json')] as const;
    writeFileSync(paths[0], toTokenizerJson(model));
    writeFileSync(paths[1], JSON.stringify(documents));
    for (let turn = 0; turn < turns; turn++) {
      for (const n of new Set([1, threads])) {
        const measured = { arrowsmith: await ours(model, batches, n), ...(await python(paths, n)) };
        for (const [name, { seconds, tokens }] of Object.entries(measured)) {
          if (tokens !== measured.arrowsmith.tokens) throw new Error(`${name} gives other tokens: ${tokens}`);
          (times[`${name} ${n}`] ??= []).push(seconds);
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const rates = Object.fromEntries(
    Object.entries(times).map(([name, seconds]) => [name, bytes / 1e6 / median(seconds)]),
  );
  rates['@huggingface/tokenizers 1'] = javascriptPeer(model, documents);

  console.log(
    `encoding ${(bytes / 1e6).toFixed(1)} MB, vocabulary ${model.vocabulary.length}: MB/s, median of ${turns}`,
  );
  const rows = [...new Set([1, threads])].flatMap((n) =>
    Object.entries(rates)
      .filter(([key]) => key.endsWith(` ${n}`))
      .map(([key, rate]) => [
        key.slice(0, key.lastIndexOf(' ')),
        String(n),
        fixed(rate, 1),
        fixed(rates[`arrowsmith ${n}`]! / rate, 2),
      ]),
  );
  printTable(['', 'threads', 'MB/s', 'ratio'], rows);
  const [own, peer = null] = [rates[`arrowsmith ${threads}`]!, rates[`tokenizers ${threads}`]];
  if (peer === null)
    console.log('  tokenizers: not installed (set PYTHON to a Python that has tokenizers and tiktoken)');
  return {
    ours: own,
    peer,
    ratio: peer === null ? null : own / peer,
    unit: 'MB/s',
    threads,
    perThread: own / threads,
    rates,
  };
}

function readText(path: string) {
  const texts = readFileSync(path, 'utf8').split(END_OF_TEXT);
  const size = texts.reduce((total, text) => total + Buffer.byteLength(text), 0);
  const times = Math.max(1, Math.ceil(LEAST_BYTES / Math.max(1, size)));
  return { texts, documents: Array.from({ length: times }, () => texts).flat(), bytes: times * size };
}

async function ours(model: BpeModel, batches: readonly TextBatch[], threads: number) {
  const start = performance.now();
  let tokens = 0;
  const passes = Array.from({ length: PASSES }, () => batches).flat();
  for await (const { ids } of encodeBatches(model, passes, { threads })) tokens += ids.length;
  return { seconds: (performance.now() - start) / 1000 / PASSES, tokens: tokens / PASSES };
}

/** @returns what is installed in Python ($PYTHON, or python3) */
async function python(paths: readonly string[], threads: number): Promise<Measured> {
  const program = join(import.meta.dirname, 'encode', 'peers.py');
  const command = process.env['PYTHON'] || 'python3';
  if ((await which(command, { nothrow: true })) === null) return {};
  const env = { ...process.env, RAYON_NUM_THREADS: String(threads), TOKENIZERS_PARALLELISM: 'true' };
  const { stdout } = await $({ quiet: true, env })`${command} ${program} ${paths} ${threads}`;
  return JSON.parse(stdout) as Measured;
}

/** MB/s of the first documents. */
function javascriptPeer(model: BpeModel, documents: readonly string[]): number {
  const tokenizer = new Tokenizer(JSON.parse(toTokenizerJson(model)) as object, {});
  let bytes = 0;
  const start = performance.now();
  for (const document of documents) {
    tokenizer.encode(document, { add_special_tokens: false });
    bytes += Buffer.byteLength(document);
    if (bytes >= SLOW_PEER_BYTES) break;
  }
  return bytes / 1e3 / (performance.now() - start);
}
