/** @file Benchmark: training a byte-level BPE tokenizer, compared with Hugging Face tokenizers (Python) where it is installed. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { $ } from 'zx';
import { parseOptions, threadsOption } from './options.ts';
import { median, printTable } from './statistics.ts';
import { inputOption, syntheticOption, textFile } from './text-file.ts';

export const description =
  'training a tokenizer, MB/s; ratio: arrowsmith’s MB/s over those of Hugging Face tokenizers with as many threads ' +
  '(more than 1: arrowsmith is faster): [--input=FILE | --synthetic=20 MB] [--vocabulary=4096] [--threads=all] [--repeats=3]';

export const options = z.strictObject({
  input: inputOption,
  synthetic: syntheticOption(20),
  vocabulary: z.coerce.number().int().min(257).default(4096),
  threads: threadsOption,
  repeats: z.coerce.number().int().min(1).default(3),
});

/** What one training tells. */
interface Measured {
  seconds: number;
  /** Largest resident memory of its process, in bytes. */
  maxRss: number;
}

const beside = (file: string): string => fileURLToPath(new URL(`bpe-train/${file}`, import.meta.url));
const python = (): string => process.env['PYTHON'] || 'python3';

/**
 * Trains from the file to the model in turns with the peer, each time in a process of its own, so that none has a warm start and
 * each one's memory is its own. Prints medians.
 */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { input, synthetic, vocabulary, threads, repeats } = parseOptions(args, options);
  const folder = await mkdtemp(join(tmpdir(), 'arrowsmith-bench-'));
  try {
    const path = await textFile({ input, synthetic }, folder);
    const megabytes = (await stat(path)).size / 1e6;
    const trainingArguments = [path, String(vocabulary), String(threads)];
    const outputs = [join(folder, 'arrowsmith.json'), join(folder, 'tokenizers.json')] as const;
    const own: Measured[] = [];
    const peers: Measured[] = [];
    const hasPeer = await isInstalled();
    for (let repeat = 0; repeat < repeats; repeat++) {
      const [program, peer] = [beside('arrowsmith.ts'), beside('tokenizers_peer.py')];
      own.push(await measure(process.execPath, ['--import', 'tsx', program, ...trainingArguments, outputs[0]]));
      if (hasPeer) peers.push(await measure(python(), [peer, ...trainingArguments, outputs[1]]));
    }
    const merges = hasPeer ? await equalMerges(outputs) : null;
    console.log(`${megabytes.toFixed(2)} MB, vocabulary ${vocabulary}, ${threads} threads, median of ${repeats}`);
    const rows = [rowOf('arrowsmith', megabytes, own)];
    if (hasPeer) rows.push(rowOf('tokenizers (Rust)', megabytes, peers));
    printTable(['', 'seconds', 'MB/s', 'peak memory'], rows);
    if (!hasPeer) console.log('  set PYTHON to a Python that has the package tokenizers for a comparison');
    const ours = megabytes / median(own.map(({ seconds }) => seconds));
    const peer = hasPeer ? megabytes / median(peers.map(({ seconds }) => seconds)) : null;
    const ratio = peer === null ? null : ours / peer;
    if (ratio !== null) {
      const time = (1 / ratio).toFixed(2);
      console.log(
        `  ratio ${ratio.toFixed(2)} of the speeds (more than 1: arrowsmith is faster); ${time} of the peer's time`,
      );
      console.log(`  both learned the same ${merges} merges`);
    }
    return { ours, peer, ratio, unit: 'MB/s', megabytes, vocabulary, threads, merges, own, peers };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(program: string, programArguments: string[]): Promise<Measured> {
  const { stdout } = await $({ quiet: true })`${program} ${programArguments}`;
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured;
}

/** @returns their number @throws Error where the two tokenizers have learned different merges */
async function equalMerges(paths: readonly [string, string]): Promise<number> {
  const [ours, theirs] = await Promise.all(
    paths.map(async (path) => {
      const { model } = JSON.parse(await readFile(path, 'utf8')) as { model: { merges: [string, string][] } };
      return model.merges.map((pair) => pair.join(' '));
    }),
  );
  const at = ours!.findIndex((merge, rank) => merge !== theirs![rank]);
  if (at === -1 && ours!.length === theirs!.length) return ours!.length;
  throw new Error(`merge ${at} differs: ${ours![at]}, but tokenizers has ${theirs![at]}`);
}

async function isInstalled(): Promise<boolean> {
  return (await $({ quiet: true, nothrow: true })`${python()} -c ${'import tokenizers'}`).exitCode === 0;
}

function rowOf(name: string, megabytes: number, measured: readonly Measured[]): string[] {
  const seconds = median(measured.map((one) => one.seconds));
  const memory = Math.max(...measured.map(({ maxRss }) => maxRss));
  return [name, seconds.toFixed(2), (megabytes / seconds).toFixed(1), `${(memory / 1e6).toFixed(0)} MB`];
}
