/** @file What a person reads who gave a parameter a value that it cannot have, on a command line. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { parsePipelineSet } from './overrides.ts';
import { loadPipeline } from './pipeline-file.ts';
import { planPipeline } from './plan.ts';
import { declareStage, type StageDeclaration } from './stage.ts';

const train = declareStage({
  name: 'train',
  description: 'Trains',
  inputs: {},
  makes: ['model'],
  parameters: z.strictObject({
    steps: z.int().min(1).describe('Optimizer steps.'),
    share: z.number().gt(0).lt(1).default(0.5),
    method: z.enum(['adamw', 'muon']).default('adamw'),
    exact: z.boolean().default(false),
    prompts: z.array(z.string()).default(['Once']),
    width: z.union([z.int().min(2), z.literal('auto')]).default('auto'),
    optimizer: z.strictObject({ rate: z.number().min(0).max(2).optional() }).prefault({}),
  }),
});
const declarations = new Map([['train', train as unknown as StageDeclaration]]);

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'override-issues-'));
  mkdirSync(join(root, 'pipelines'));
  writeFileSync(join(root, 'pipelines/toy.yaml'), 'steps:\n  train:\n    steps: 40\n');
});

const plan = (project: string, ...flags: string[]) =>
  planPipeline({ root, declarations, pipelineSet: '', target: { project, pipeline: 'toy' }, flags }, 'toy');

const example = (flag: string) => `to do: +for example ${flag}$`;

test.each([
  ['--train.steps=abc', 'a whole number of at least 1: Optimizer steps\\.', 'abc', example('--train\\.steps=40')],
  ['--train.steps=-5', 'a whole number of at least 1', '-5', example('--train\\.steps=40')],
  ['--train.steps=0', 'a whole number of at least 1', '0', example('--train\\.steps=40')],
  ['--train.steps=1.5', 'a whole number of at least 1', '1\\.5', example('--train\\.steps=40')],
  ['--train.steps', 'a whole number of at least 1', 'no value', example('--train\\.steps=40')],
  ['--train.steps.x=3', 'a whole number of at least 1', '\\{"x":3\\}', example('--train\\.steps=40')],
  ['--train.share=1', 'a number above 0 and below 1', '1', example('--train\\.share=0\\.5')],
  ['--train.method=sgd', 'adamw or muon', 'sgd', example('--train\\.method=adamw')],
  ['--train.exact=maybe', 'true or false', 'maybe', example('--train\\.exact=false')],
  ['--train.prompts=Once', 'a list, as JSON', 'Once', example(`--train\\.prompts='\\["Once"\\]'`)],
  ['--train.width=wide', 'a whole number of at least 2, or auto', 'wide', example('--train\\.width=auto')],
  ['--train.optimizer.rate=3', 'a number from 0 to 2', '3', 'to do: +npx arrowsmith help train'],
  ['--train.optimizer=3', 'an object, as JSON', '3', 'to do: +npx arrowsmith help train'],
])('%s: what is expected, and what was found', (flag, expected, found, fix) => {
  const [name = ''] = flag.slice(2).split('=');
  const parameter = name.replace('.x', '');
  const head = `^${flag.replaceAll(/[.]/g, '\\.')}: ${parameter} cannot be this`;
  expect(() => plan('pipeline', flag)).toThrow(
    new RegExp(`${head}[^]*expected: +${expected}[^]*found: +${found}\n[^]*${fix}`),
  );
});

test('beside a step, and in the environment, the example is written as it was', () => {
  expect(() => plan('train', '--steps=abc')).toThrow(/^--steps=abc: train\.steps cannot[^]*for example --steps=40$/);
  const set = parsePipelineSet('train.steps=abc');
  expect(() => loadPipeline(root, 'toy', declarations, set)).toThrow(
    /^PIPELINE_SET train\.steps=abc: train\.steps cannot[^]*for example PIPELINE_SET=train\.steps=40$/,
  );
});

test('several at once are each told', () => {
  expect(() => plan('pipeline', '--train.steps=0', '--train.method=sgd')).toThrow(
    /^--train\.steps=0: [^]*\n--train\.method=sgd: [^]*train\.steps: a whole[^]*train\.method: adamw or muon/,
  );
});

test('an unknown parameter: the one that was meant, or where all are told', () => {
  expect(() => plan('pipeline', '--train.stepz=3')).toThrow(
    /^--train\.stepz=3: unknown parameter "train\.stepz" \(known here: steps, [^]*did you mean --train\.steps=3\?$/,
  );
  expect(() => plan('train', '--optimizer.rats=3')).toThrow(/did you mean --optimizer\.rate=3\?$/);
  expect(() => plan('train', '--learning=3')).toThrow(/to do: +npx arrowsmith help train$/);
});
