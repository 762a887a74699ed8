/** @file Benchmark: nanoGPT's CPU recipe for Tiny Shakespeare, our pipeline `shakespeare-char` against PyTorch's 2000 steps; each with the other's learning rate and initial weights, too, if asked. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '@arrowsmith/errors';
import type { RunRecord } from '@arrowsmith/pipeline';
import * as z from 'zod';
import { $ } from 'zx';
import { writeBenchTable } from './bench-table.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, printTable } from './statistics.ts';
import { hasTorch, python, torchEnvironment } from './torch-peer.ts';

export const description =
  'Tiny Shakespeare by nanoGPT’s CPU recipe, seconds and validation loss, against PyTorch: [--text=file] [--steps=2000] [--recipes=own|both] [--peer=torch|none] [--compile] [--threads=all]';

export const options = z.strictObject({
  text: z.string().default('../shared/data/tinyshakespeare.txt'),
  steps: z.coerce.number().int().min(200).optional(),
  recipes: z.enum(['own', 'both']).default('own'),
  peer: z.enum(['torch', 'none']).default('torch'),
  compile: z.boolean().default(false),
  threads: threadsOption,
});

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PIPELINE = 'shakespeare-char';
const RECIPE_STEPS = 2000;

/** What the recipes differ in; all else is nanoGPT's. */
interface Recipe {
  name: string;
  learningRate: number;
  initializerRange: number;
}

/** The pipeline's, chosen by measurement for its small width, and that of nanoGPT's README, in which these two are meant for any size. */
const OURS: Recipe = { name: "the pipeline's", learningRate: 4e-3, initializerRange: 0.06 };
const NANOGPT: Recipe = { name: "nanoGPT's", learningRate: 1e-3, initializerRange: 0.02 };

const describeRecipe = ({ name, learningRate, initializerRange }: Recipe): string =>
  `${name} (learning rate ${learningRate}, initial deviation ${initializerRange})`;

/** A model, its training's time and its loss over the whole validation split, in nats per character. */
interface Trained {
  name: string;
  recipe: string;
  parameters: number;
  seconds: number;
  validationLoss: number;
}

/** Trains both on the first nine tenths of the text. Our time is that of the whole stage, theirs that of the steps. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { text, steps, recipes, peer: wanted, compile, threads } = parseOptions(args, options);
  if (!existsSync(text)) {
    throw new UserError({
      what: 'there is no text to train on',
      where: text,
      fix: 'give the file with --text=tinyshakespeare.txt',
    });
  }
  const ours = await trainOurs(text, { steps, threads, recipe: OURS });
  const trained = [ours];
  if (recipes === 'both') trained.push(await trainOurs(text, { steps, threads, recipe: NANOGPT }));
  const hasPeer = wanted === 'torch' && (await hasTorch());
  const peer = hasPeer ? await trainTorch(text, { steps, compile, threads, recipe: NANOGPT }) : null;
  if (peer !== null) trained.push(peer);
  if (peer !== null && recipes === 'both')
    trained.push(await trainTorch(text, { steps, compile, threads, recipe: OURS }));
  console.log(`Tiny Shakespeare by characters, ${steps ?? RECIPE_STEPS} steps, ${threads} threads`);
  printTable(
    ['', 'recipe', 'parameters', 'seconds', 'validation loss (nats per character)'],
    trained.map(({ name, recipe, parameters, seconds, validationLoss }) => [
      name,
      recipe,
      String(parameters),
      fixed(seconds, 1),
      fixed(validationLoss, 4),
    ]),
  );
  console.log(
    '  Ours and nanoGPT’s differ in model, learning rate and initial weights: the losses compare recipes, the seconds work.',
  );
  if (recipes === 'own')
    console.log('  --recipes=both trains each with the other’s learning rate and initial weights, too.');
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
  { steps, threads, recipe }: { steps: number | undefined; threads: number; recipe: Recipe },
): Promise<Trained> {
  const store = join(ROOT, 'artifacts/bench/store');
  await rm(store, { recursive: true, force: true });
  const changes = [
    `download.source=${JSON.stringify({ type: 'file', path: resolve(text) })}`,
    `train.threads=${threads}`,
    `train.optimizer.learningRate=${recipe.learningRate}`,
    `train.model.initializerRange=${recipe.initializerRange}`,
    ...(steps === undefined ? [] : [`train.steps=${steps}`]),
  ];
  const env = { ...process.env, ARROWSMITH_STORE: store, PIPELINE_SET: changes.join(',') };
  await $({ quiet: true, cwd: ROOT, env })`npx nx run evaluate:${PIPELINE} --skip-nx-cache`;
  const runOf = async (stage: string) =>
    JSON.parse(await readFile(join(ROOT, 'artifacts', PIPELINE, stage, 'run.json'), 'utf8')) as RunRecord;
  const { seconds, metrics, environment } = await runOf('train');
  const { backend, precision } = environment as { backend: string; precision: string };
  return {
    name: `arrowsmith ${backend} ${precision}`,
    recipe: describeRecipe(recipe),
    parameters: metrics['parameters']!,
    seconds,
    validationLoss: (await runOf('evaluate')).metrics['train.loss']!,
  };
}

async function trainTorch(
  text: string,
  {
    steps = RECIPE_STEPS,
    recipe,
    ...rest
  }: { steps: number | undefined; compile: boolean; threads: number; recipe: Recipe },
): Promise<Trained> {
  const script = fileURLToPath(new URL('shakespeare-char-torch.py', import.meta.url));
  const { learningRate, initializerRange } = recipe;
  const parameters = JSON.stringify({ steps, ...rest, learningRate, initializerRange });
  const { exitCode, stdout, stderr } = await $({
    quiet: true,
    nothrow: true,
    env: torchEnvironment(),
  })`${python()} ${script} ${text} ${parameters}`;
  if (exitCode !== 0) {
    throw new UserError({
      what: 'PyTorch does not train',
      where: script,
      found: stderr.trim().split('\n').at(-1)!,
      fix: 'set PYTHON to a Python with torch 1.13 or later (2.0 for --compile), or leave it out with --peer=none',
    });
  }
  const measured = JSON.parse(stdout.trim().split('\n').at(-1)!) as Omit<Trained, 'recipe'>;
  return { ...measured, recipe: describeRecipe(recipe) };
}
