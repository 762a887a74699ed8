/**
 * @file What reruns and what does not, through Nx itself, in a copy of the workspace. The tests go through one story: each starts from
 * what the one before left.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastRun } from './support/ledger.ts';
import { copyWorkspace, type TestWorkspace } from './support/workspace.ts';

const PIPELINE = `
stages:
  download:
    source: { type: embedded, stories: 40, validationStories: 8, seed: 1 }
  tokenizer: { vocabularySize: 300 }
  chunk: { contextLength: 32 }
  train:
    steps: 3
    batchSize: 2
    model: { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 32 }
    validation: { rows: 2 }
  quantize:
  evaluate:
    sampling: [{ temperature: 0, maximumTokens: 4 }, { temperature: 0.8, topP: 0.9, maximumTokens: 4 }]
`;
const STAGES = ['download', 'tokenizer', 'chunk', 'train', 'quantize', 'evaluate'];

let workspace: TestWorkspace;
beforeAll(() => {
  workspace = copyWorkspace();
  workspace.write('pipelines/tiny.yaml', PIPELINE);
});
afterAll(() => workspace.remove());

/** Runs a pipeline and returns what was computed, as the ledger says. */
async function run(pipeline = 'tiny', { args = [] as string[], env = {} as Record<string, string> } = {}) {
  const { code, output } = workspace.nx(['run', `pipeline:${pipeline}`, ...args], env);
  expect(code, output).toBe(0);
  const { computed, manifests } = await lastRun(workspace);
  return { output, computed, manifests };
}

const fromNxCache = (output: string): number =>
  Number(/instead of running the command for (\d+) out of/.exec(output)?.[1] ?? 0);

test('the first run computes every stage and prints a summary', async () => {
  const { computed, output } = await run();
  expect(computed).toEqual(STAGES);
  for (const label of ['data', 'vocabulary', 'parameters', 'loss', 'size', 'perplexity', 'bits per byte', 'sample']) {
    expect(output).toMatch(new RegExp(`^ +${label}`, 'm'));
  }
});

test('nothing changed: nothing runs', async () => {
  const { computed, output } = await run();
  expect(computed).toEqual([]);
  expect(fromNxCache(output)).toBe(STAGES.length + 1); // every stage, and their code
});

test('a train parameter reruns training and what follows', async () => {
  expect((await run('tiny', { env: { PIPELINE_SET: 'train.steps=4' } })).computed).toEqual([
    'train',
    'quantize',
    'evaluate',
  ]);
  expect((await run()).computed).toEqual([]); // and the old result is still there
});

test('a comment in a library, a README and a test rerun nothing', async () => {
  workspace.edit(
    'shared/quantization/src/int8.ts',
    'export function quantizeInt8',
    '// A comment.\nexport function quantizeInt8',
  );
  workspace.write('stages/train/README.md', 'Words.');
  workspace.write('shared/bpe/src/new.test.ts', 'export {};');
  expect((await run()).computed).toEqual([]);
});

test('a semantic edit in a library reruns the stages that use it and no others', async () => {
  workspace.edit('shared/quantization/src/int8.ts', 'const LARGEST = 127;', 'const LARGEST = 63;');
  expect((await run()).computed).toEqual(['quantize', 'evaluate']);
});

test('a stage that runs again to the same bytes reruns nothing after it', async () => {
  workspace.edit('stages/chunk/src/stage.ts', "'take more text, or", "'take much more text, or");
  expect((await run()).computed).toEqual(['chunk']);
});

test('a new pipeline file recomputes nothing, and shares what it has in common', async () => {
  workspace.write('pipelines/another.yaml', 'extends: tiny\nstages:\n  train: { seed: 2 }\n');
  expect((await run()).computed).toEqual([]);
  expect((await run('another')).computed).toEqual(['train', 'quantize', 'evaluate']);
});

test('deleted artifacts come back, from the cache of Nx and from the store', async () => {
  const { manifests } = await run();
  rmSync(join(workspace.root, 'artifacts/tiny'), { recursive: true });
  expect(await run()).toMatchObject({ computed: [], manifests });
  rmSync(join(workspace.root, 'artifacts/tiny'), { recursive: true });
  rmSync(join(workspace.root, '.nx'), { recursive: true });
  expect(await run()).toMatchObject({ computed: [], manifests });
});

test('a stage started from its sources, for a debugger, finds the result of the one that Nx started', async () => {
  const script = 'shared/pipeline/src/cli/run-stage.ts';
  const { code, output } = await workspace.start(['--import', 'tsx', script, 'chunk', 'tiny']).finished;
  expect(code, output).toBe(0);
  expect(output).toContain('chunk: nothing to do');
});

test('a lost store is an error that names the command which heals it, and that command does', async () => {
  const { manifests } = await run();
  rmSync(join(workspace.root, 'artifacts/store/blobs'), { recursive: true });
  const { code, output } = workspace.nx(['run', 'train:tiny', '--steps=5']);
  expect(code).not.toBe(0);
  const command = /to do: +npx nx (run .*)$/m.exec(output)?.[1];
  expect(command).toBe('run chunk:tiny --skip-nx-cache');
  expect(workspace.nx(command!.split(' ')).code).toBe(0);
  expect(workspace.nx(['run', 'train:tiny', '--steps=5']).code).toBe(0);
  expect((await run('tiny', { args: ['--skip-nx-cache'] })).manifests).toEqual(manifests);
});

test('the whole pipeline run again from an empty store gives byte-identical manifests', async () => {
  const manifests = () => STAGES.map((stage) => workspace.read(`artifacts/tiny/${stage}/manifest.json`));
  const before = manifests();
  for (const folder of ['.nx', '.work', 'artifacts']) rmSync(join(workspace.root, folder), { recursive: true });
  expect((await run()).computed).toEqual(STAGES);
  expect(manifests()).toEqual(before);
});

test('every artifact opens through its pointer', () => {
  for (const stage of STAGES) {
    const folder = join(workspace.root, 'artifacts/tiny', stage);
    const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
      files: Record<string, { bytes: number }>;
    };
    for (const [file, { bytes }] of Object.entries(files)) expect(readFileSync(join(folder, file))).toHaveLength(bytes);
  }
});

test('a stage that is run by itself is a run, too: with what it needed, until it is forgotten', async () => {
  const { code, output } = workspace.nx(['run', 'train:tiny', '--steps=6']);
  expect(code, output).toBe(0);
  const { run: alone, computed } = await lastRun(workspace);
  expect(alone).toMatchObject({ stage: 'train', pipeline: 'tiny', stages: { train: { parameters: { steps: 6 } } } });
  expect(Object.keys(alone.stages)).toEqual(['download', 'tokenizer', 'chunk', 'train']);
  expect(computed).toEqual(['train']);
  expect(alone.seconds).toBeGreaterThan(0);
  expect(output).toContain(`train:tiny is run ${alone.id}`);
});

test('runs are named, listed, compared and told apart from the command line', async () => {
  const env = { RUN_NAME: 'four-steps', RUN_NOTES: 'one more', PIPELINE_SET: 'train.steps=4' };
  await run('tiny', { env });
  const nx = (...args: string[]): string => {
    const { code, output } = workspace.nx(['run', ...args]);
    expect(code, output).toBe(0);
    return output;
  };
  expect(nx('pipeline:name', '--run=latest~1', '--name=six-steps', '--notes=two \'more\' than "four"')).toContain(
    `six-steps, two 'more' than "four"`,
  );
  const list = nx(
    'pipeline:runs',
    '--where=train.steps > 3 and not (name ~ "six" or seconds < 0)',
    '--sort=-train.steps',
  );
  expect(list).toMatch(/four-steps +tiny .*one more/);
  expect(list).not.toContain('six-steps');
  nx('pipeline:compare', '--a=six-steps', '--b=four-steps', '--json', '--output=comparison.json');
  expect(JSON.parse(workspace.read('comparison.json'))).toMatchObject({
    parameters: [{ stage: 'train', path: 'steps', values: [6, 4] }],
    divergences: [null, { stage: 'train', causes: ['parameter steps'] }],
  });
  expect(nx('pipeline:diff', '--artifact=train/weights.arrow', '--a=six-steps', '--b=four-steps')).toMatch(
    /model\.norm\.weight +\[16\]/,
  );
  const wrong = workspace.nx(['run', 'pipeline:compare', '--a=five-steps', '--b=four-steps']);
  expect(wrong.code).not.toBe(0);
  expect(wrong.output).toMatch(/no run "five-steps"[^]*near it: four-steps/);
});

test('garbage collection shows first and deletes when told to, and what is left is whole', async () => {
  const show = workspace.nx(['run', 'pipeline:gc']);
  expect(show.code).toBe(0);
  workspace.nx(['run', 'train:tiny', '--skip-nx-cache']); // six steps are no longer pointed at, but run
  expect(workspace.nx(['run', 'pipeline:forget', '--runs=six-steps', '--delete']).output).toMatch(
    /1 of \d+ runs forgotten/,
  );
  expect(workspace.nx(['run', 'pipeline:gc']).output).toMatch(/would delete +[\d.]+ k?B +artifacts\/store\/blobs/);
  expect(workspace.nx(['run', 'pipeline:gc', '--delete']).output).toMatch(/freed/);
  expect(workspace.nx(['run', 'pipeline:gc']).output).toMatch(/nothing to collect/);
  expect((await run('tiny', { args: ['--skip-nx-cache'] })).computed).toEqual([]);
  expect(existsSync(join(workspace.root, 'artifacts/store/blobs'))).toBe(true);
});
