/** @file Benchmark: nanoGPT's CPU recipe for Tiny Shakespeare, our pipeline `shakespeare-char` against PyTorch's 2000 steps. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UserError } from '@arrowsmith/errors';
import type { RunRecord } from '@arrowsmith/pipeline';
import * as z from 'zod';
import { writeBenchTable } from './bench-table.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, printTable } from './statistics.ts';
import { hasTorch, python, torchEnvironment } from './torch-peer.ts';

export const description =
  'Tiny Shakespeare by nanoGPT’s CPU recipe, seconds and validation loss, against PyTorch: [--text=file] [--steps=2000] [--peer=torch|none] [--compile] [--threads=all]';

export const options = z.strictObject({
  text: z.string().default('../shared/data/tinyshakespeare.txt'),
  steps: z.coerce.number().int().min(200).optional(),
  peer: z.enum(['torch', 'none']).default('torch'),
  compile: z.boolean().default(false),
  threads: threadsOption,
});

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PIPELINE = 'shakespeare-char';
const RECIPE_STEPS = 2000;

/** A model, its training's time and its loss over the whole validation split, in nats per character. */
interface Trained {
  name: string;
  parameters: number;
  seconds: number;
  validationLoss: number;
}

/** Trains both on the first nine tenths of the text. Our time is that of the whole stage, theirs that of the steps. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { text, steps, peer: wanted, compile, threads } = parseOptions(args, options);
  if (!existsSync(text)) {
    throw new UserError({
      what: 'there is no text to train on',
      where: text,
      fix: 'give the file with --text=tinyshakespeare.txt',
    });
  }
  const ours = await trainOurs(text, { steps, threads });
  const peer = wanted === 'torch' && (await hasTorch()) ? await trainTorch(text, { steps, compile, threads }) : null;
  console.log(`Tiny Shakespeare by characters, ${steps ?? RECIPE_STEPS} steps, ${threads} threads`);
  const trained = peer === null ? [ours] : [ours, peer];
  printTable(
    ['', 'parameters', 'seconds', 'validation loss (nats per character)'],
    trained.map(({ name, parameters, seconds, validationLoss }) => [
      name,
      String(parameters),
      fixed(seconds, 1),
      fixed(validationLoss, 4),
    ]),
  );
  if (peer === null) console.log('  no torch to compare with: set PYTHON to a Python that has it');
  await writeBenchTable(
    PIPELINE,
    trained.map((row) => ({ ...row })),
    { threads },
  );
  const ratio = peer === null ? null : peer.seconds / ours.seconds;
  return { unit: 's', ours: ours.seconds, peer: peer?.seconds ?? null, ratio, threads, trained };
}

/** Runs the pipeline's stages as a user does, in a store of its own, so that nothing is recalled. */
async function trainOurs(
  text: string,
  { steps, threads }: { steps: number | undefined; threads: number },
): Promise<Trained> {
  const store = join(ROOT, 'artifacts/bench/store');
  await rm(store, { recursive: true, force: true });
  const changes = [
    `download.source=${JSON.stringify({ type: 'file', path: resolve(text) })}`,
    `train.threads=${threads}`,
    ...(steps === undefined ? [] : [`train.steps=${steps}`]),
  ];
  await promisify(execFile)('npx', ['nx', 'run', `evaluate:${PIPELINE}`, '--skip-nx-cache'], {
    cwd: ROOT,
    env: { ...process.env, ARROWSMITH_STORE: store, PIPELINE_SET: changes.join(',') },
    maxBuffer: 2 ** 26,
  });
  const runOf = async (stage: string) =>
    JSON.parse(await readFile(join(ROOT, 'artifacts', PIPELINE, stage, 'run.json'), 'utf8')) as RunRecord;
  const { seconds, metrics, environment } = await runOf('train');
  const { backend, precision } = environment as { backend: string; precision: string };
  return {
    name: `arrowsmith ${backend} ${precision}`,
    parameters: metrics['parameters']!,
    seconds,
    validationLoss: (await runOf('evaluate')).metrics['loss']!,
  };
}

async function trainTorch(
  text: string,
  { steps = RECIPE_STEPS, ...rest }: { steps: number | undefined; compile: boolean; threads: number },
): Promise<Trained> {
  const script = fileURLToPath(new URL('shakespeare-char-torch.py', import.meta.url));
  const { stdout } = await promisify(execFile)(python(), [script, text, JSON.stringify({ steps, ...rest })], {
    env: torchEnvironment(),
  }).catch((error: { stderr?: string; message: string }) => {
    throw new UserError({
      what: 'PyTorch does not train',
      where: script,
      found: (error.stderr || error.message).trim().split('\n').at(-1)!,
      fix: 'set PYTHON to a Python with torch 1.13 or later (2.0 for --compile), or leave it out with --peer=none',
    });
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Trained;
}
