/** @file The text, the tokenizer and the peer that the benchmark of encoding works with. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { textBatches, trainBpe, type BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';

const REPEATS = 3;
const DEFAULT_TEXT = '../shared/data/tinystories-train-2M.txt';
const END_OF_TEXT = '<|endoftext|>';

/** What the benchmarks of the tokenizer work on. */
export interface BenchmarkText {
  path: string;
  documents: string[];
  megabytes: number;
  vocabularySize: number;
}

/**
 * The text to work on.
 *
 * @param args file of documents that are separated by `<|endoftext|>`, and vocabulary size; both may be left out.
 */
export function benchmarkText([path = DEFAULT_TEXT, vocabularySize = '4096']: string[]): BenchmarkText {
  if (!existsSync(path)) {
    throw new UserError({
      what: 'there is no text to measure with',
      where: path,
      fix: 'give a text file as first argument',
    });
  }
  const documents = readFileSync(path, 'utf8').split(END_OF_TEXT);
  const bytes = documents.reduce((total, document) => total + Buffer.byteLength(document), 0);
  return { path, documents, megabytes: bytes / 1e6, vocabularySize: Number(vocabularySize) };
}

/** Trains on the benchmark's text. */
export function trainOnText({ documents, vocabularySize }: BenchmarkText): Promise<BpeModel> {
  return trainBpe(textBatches(documents), { vocabularySize, pattern: 'gpt2', specialTokens: [END_OF_TEXT] });
}

/** Shortest time in seconds of several runs, because other processes only ever make a run longer. */
export async function bestSeconds(work: () => unknown): Promise<number> {
  let best = Infinity;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const start = performance.now();
    await work();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}

/**
 * Runs a Python program that prints the best time of its runs in seconds, on as many threads as given.
 *
 * @param measured Python lines: may use `train()`, `documents` and `best_seconds(function)`; sets `seconds`.
 * @returns null where Python ($PYTHON, or python3) or its package `tokenizers` is not installed.
 */
export function pythonSeconds(
  { path, vocabularySize }: BenchmarkText,
  measured: string,
  threads?: number,
): number | null {
  const program = `
import sys, time
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
documents = open(sys.argv[1], encoding="utf-8", newline="").read().split("${END_OF_TEXT}")
def best_seconds(work):
    times = []
    for _ in range(${REPEATS}):
        start = time.perf_counter(); work(); times.append(time.perf_counter() - start)
    return min(times)
def train():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(documents, trainers.BpeTrainer(
        vocab_size=int(sys.argv[2]), min_frequency=2, special_tokens=["${END_OF_TEXT}"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return tokenizer
${measured}
print(seconds)
`;
  const python = process.env['PYTHON'] ?? 'python3';
  const env = { ...process.env, ...(threads !== undefined && { RAYON_NUM_THREADS: String(threads) }) };
  try {
    execFileSync(python, ['-c', 'import tokenizers'], { stdio: 'ignore' });
  } catch {
    return null;
  }
  return Number(execFileSync(python, ['-c', program, path, String(vocabularySize)], { env, encoding: 'utf8' }));
}

/** Prints one line for us and one for the peer, and returns what was measured. */
export function report(
  title: string,
  text: BenchmarkText,
  seconds: number,
  peerName: string,
  peerSeconds: number | null,
) {
  const ours = text.megabytes / seconds;
  const peer = peerSeconds === null ? null : text.megabytes / peerSeconds;
  const ratio = peer === null ? null : ours / peer;
  console.log(`${title}: ${text.megabytes.toFixed(2)} MB, vocabulary ${text.vocabularySize}`);
  console.log(`  arrowsmith   ${seconds.toFixed(3)} s   ${ours.toFixed(2)} MB/s`);
  if (peerSeconds === null || peer === null) {
    console.log(`  ${peerName}: not installed (set PYTHON to a Python that has the package tokenizers)`);
  } else {
    console.log(`  ${peerName}   ${peerSeconds.toFixed(3)} s   ${peer.toFixed(2)} MB/s`);
    console.log(`  ratio ${(ours / peer).toFixed(2)} (more than 1: arrowsmith is faster)`);
  }
  return { ours, peer, ratio, unit: 'MB/s' };
}
