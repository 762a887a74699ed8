/** @file Benchmark: the stages download, tokenizer and chunk over a large corpus, and the reading of training batches from the result. */
import { linkSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { $ } from 'zx';
import type { StageMeasurement } from './data-stage-process.ts';
import { parseOptions } from './options.ts';
import { SEPARATOR, writeStories } from './story-file.ts';

export const description =
  'download, tokenizer and chunk over a large corpus: seconds, MB/s, peak memory: [--input=FILE | --megabytes=2200]';

export const options = z.object({
  input: z.string().optional(),
  megabytes: z.coerce.number().positive().default(2200),
  vocabulary: z.coerce.number().int().min(257).default(4096), // the embedded stories have too few words for 10,000
  context: z.coerce.number().int().min(2).default(256),
  mode: z.enum(['packed', 'documents', 'windows', 'all']).default('packed'),
  shuffle: z.coerce.number().int().optional(),
  folder: z.string().default(tmpdir()),
});

/**
 * Runs each stage in a process of its own, on a store in a temporary folder that is removed afterwards.
 *
 * @param args `--input=FILE` of documents separated by `<|endoftext|>`, or `--megabytes=N` of stories from the embedded generator;
 *   `--vocabulary`, `--context`, `--mode` (all: one after the other, and packed in random order), `--shuffle=SEED`; `--folder` for the
 *   temporary files (seven times the text)
 */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { input, megabytes, vocabulary, context, mode, shuffle = false, folder } = parseOptions(args, options);
  const root = mkdtempSync(join(folder, 'arrowsmith-data-stages-'));
  try {
    const path = join(root, 'text.txt');
    if (input === undefined) await writeStories(path, 1e6 * megabytes);
    else await linkOrCopy(resolve(input), path);
    const bytes = statSync(path).size;
    console.log(`${(bytes / 1e6).toFixed(0)} MB of text, ${availableParallelism()} cores\n`);
    console.log('stage                      seconds  CPU seconds      MB/s   peak memory MB    written MB');
    const chunks =
      mode === 'all'
        ? [{ mode: 'packed' }, { mode: 'packed', shuffle: 1 }, { mode: 'windows' }, { mode: 'documents' }]
        : [{ mode, shuffle }];
    const runs: [row: string, stage: string, parameters: object][] = [
      ['download', 'download', { source: { type: 'file', path: 'text.txt', separator: SEPARATOR } }],
      ['tokenizer', 'tokenizer', { vocabularySize: vocabulary }],
      ...chunks.map((values): [string, string, object] => [
        `chunk, ${values.mode}${values.shuffle === undefined || values.shuffle === false ? '' : ', shuffled'}`,
        'chunk',
        { contextLength: context, ...values },
      ]),
      ['loader', 'loader', {}],
    ];
    const stages: Record<string, StageMeasurement> = {};
    for (const [row, stage, values] of runs) {
      const measured = (stages[row] = await measure(stage, root, values));
      console.log(tableRow(row, measured, bytes));
    }
    console.log(`\nloader: ${stages['loader']!.highlights['milliseconds per batch']} ms per batch of 32 rows`);
    const firstChunk = runs[2]![0];
    const seconds = ['download', 'tokenizer', firstChunk].reduce((sum, row) => sum + stages[row]!.seconds, 0);
    return { ours: bytes / 1e6 / seconds, peer: null, ratio: null, unit: 'MB/s', bytes, seconds, stages };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function tableRow(
  name: string,
  { seconds, cpuSeconds, peakBytes, outputBytes }: StageMeasurement,
  bytes: number,
): string {
  const speed = name === 'loader' ? '–' : (bytes / 1e6 / seconds).toFixed(1);
  const megabytes = (count: number) => (count / 1e6).toFixed(0);
  const columns = [seconds.toFixed(1), cpuSeconds.toFixed(1), speed, megabytes(peakBytes), megabytes(outputBytes)];
  return name.padEnd(24) + columns.map((column, i) => column.padStart([10, 13, 10, 17, 14][i]!)).join('');
}

/** Runs a measurement in a process of its own. @throws Error with what it printed, where it failed */
async function measure(name: string, root: string, parameters: object): Promise<StageMeasurement> {
  const script = join(import.meta.dirname, 'data-stage-process.ts');
  const { exitCode, stdout, stderr } = await $({
    quiet: true,
    nothrow: true,
  })`${process.execPath} --import tsx ${script} ${name} ${root} ${JSON.stringify(parameters)}`;
  if (exitCode !== 0) throw new Error(`${name} ended with code ${exitCode}:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as StageMeasurement;
}

/** A second name for a file, or a copy where that lies on another disk. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    linkSync(from, to);
  } catch {
    await copyFile(from, to);
  }
}
