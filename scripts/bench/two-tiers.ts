/**
 * @file Benchmark: attention and its memory in processes of their own. How many texts there is room for when each process may take so much, and what a
 * token costs.
 */
import { fileURLToPath } from 'node:url';
import { UserError } from '@arrowsmith/errors';
import { countParameters, kvCacheBytesPerToken } from '@arrowsmith/model';
import * as z from 'zod';
import { $ } from 'zx';
import { writeBenchTable } from './bench-table.ts';
import { benchModels } from './models.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';
import type { TiersCase, TiersMeasurement } from './two-tiers-process.ts';

export const description =
  'keys, values and attention in processes of their own: texts at once where memory is capped, and the cost of a token: [--model=15M] [--workers=2] [--contexts=2] [--tokens=192] [--threads=all] [--turns=1]';

export const options = z.strictObject({
  model: z.enum(['1M', '7M', '15M', '30M']).default('15M'),
  workers: z.coerce
    .number()
    .int()
    .min(1)
    .default(2)
    .describe('Processes for attention, each with as much memory as one process has.'),
  contexts: z.coerce.number().int().min(1).default(2).describe('The cap: the weights, and so many full contexts.'),
  tokens: z.coerce
    .number()
    .int()
    .min(2)
    .default(192)
    .describe('Tokens of each text, behind a prompt that fills the rest of the context.'),
  threads: threadsOption,
  turns: z.coerce.number().int().min(1).default(1).describe('How often each is measured, in turns.'),
});

export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { model, workers, contexts, tokens, threads, turns } = parseOptions(args, options);
  const { config } = benchModels[model];
  const { contextLength } = config;
  if (tokens >= contextLength) {
    throw new UserError({
      what: `--tokens=${tokens}`,
      expected: `fewer than the context's ${contextLength}, which the prompt is part of`,
      found: `${tokens}`,
      fix: '--tokens=192',
    });
  }
  const weights = 4 * countParameters(config);
  const context = kvCacheBytesPerToken(config) * contextLength;
  const cap = weights + contexts * context;
  const most = workers * Math.floor(cap / context);
  const load = { model, threads, texts: most, promptTokens: contextLength - tokens, tokens };
  const cases: Record<string, TiersCase> = {
    'one process': { ...load, workers: 0, cacheBytes: contexts * context, sequences: contexts },
    'two tiers': { ...load, workers, cacheBytes: cap, sequences: most },
    'one process, no cap': { ...load, workers: 0, cacheBytes: most * context, sequences: most },
  };
  const measured: Record<string, TiersMeasurement[]> = {};
  for (let turn = 0; turn < turns; turn++) {
    for (const [name, each] of Object.entries(cases)) (measured[name] ??= []).push(await measureInOwnProcess(each));
  }
  const texts = new Set(Object.values(measured).flatMap((all) => all.map(({ written }) => written)));
  if (texts.size !== 1) throw new Error('the texts depend on where attention is computed');
  const rows = Object.entries(measured).map(([name, all]) => {
    const [first] = all as [TiersMeasurement];
    const seconds = median(all.map((each) => each.seconds));
    const processor = median(all.map(({ processorSeconds }) => processorSeconds));
    const perToken = (of: number): number => (1000 * of) / (most * contextLength);
    return { name, ...first, seconds, perToken: perToken(seconds), processorPerToken: perToken(processor) };
  });
  const [one, two, free] = rows as [Row, Row, Row];
  const computed = most * (contextLength - 1); // the last token of a text is not read
  const bytes = (two.sent + two.received) / computed / config.layers.length;
  console.log(
    `${most} texts of ${contextLength} tokens, ${load.promptTokens} of them prompt; a process has ${megabytes(cap)} MB: ${megabytes(weights)} for weights and ${megabytes(contexts * context)} for ${contexts} texts, or for ${Math.floor(cap / context)} texts; ${threads} threads; the same tokens everywhere`,
  );
  printTable(
    [
      '',
      'texts at once',
      'ms a token',
      'ratio',
      'processor ms a token',
      'ratio',
      'peak MB, weights',
      'peak MB, a worker',
    ],
    rows.map((row) => [
      row.name,
      String(row.batch),
      fixed(row.perToken, 3),
      fixed(row.perToken / one.perToken, 2),
      fixed(row.processorPerToken, 3),
      fixed(row.processorPerToken / one.processorPerToken, 2),
      megabytes(row.peak),
      row.workerPeak === null ? '–' : megabytes(row.workerPeak),
    ]),
  );
  console.log(
    `  ${fixed(bytes, 0)} bytes a token and layer between the tiers, of which ${bytesOfNumbers(config)} are the numbers`,
  );
  const table = rows.map(({ written: _written, workerPeak, ...row }) => ({ ...row, workerPeak: workerPeak ?? 0 }));
  await writeBenchTable('two-tiers', table, { model, workers, contexts, tokens, threads });
  return {
    ours: two.batch,
    peer: one.batch,
    ratio: two.batch / one.batch,
    unit: 'texts at once',
    costPerToken: two.perToken / one.perToken,
    costPerTokenWithoutCap: two.perToken / free.perToken,
    processorCostPerToken: two.processorPerToken / one.processorPerToken,
    processorCostPerTokenWithoutCap: two.processorPerToken / free.processorPerToken,
    bytesPerTokenAndLayer: bytes,
    capBytes: cap,
    weightBytes: weights,
    results: table,
  };
}

type Row = TiersMeasurement & { name: string; perToken: number; processorPerToken: number };

const megabytes = (bytes: number): string => fixed(bytes / 1e6, 0);

/** Queries there and what they attended to back, keys and values there. */
function bytesOfNumbers({ layers }: (typeof benchModels)['1M']['config']): number {
  const numbers = layers.map(({ attention: { heads, kvHeads, headDim } }) => 2 * (heads + kvHeads) * headDim);
  return (4 * numbers.reduce((sum, each) => sum + each, 0)) / layers.length;
}

async function measureInOwnProcess(each: TiersCase): Promise<TiersMeasurement> {
  const script = fileURLToPath(new URL('two-tiers-process.ts', import.meta.url));
  const { stdout } = await $({ quiet: true })`${process.execPath} --import tsx ${script} ${JSON.stringify(each)}`;
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as TiersMeasurement;
}
