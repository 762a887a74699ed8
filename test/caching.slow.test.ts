/**
 * @file What reruns and what does not, through Nx itself, in a copy of the workspace. The tests go through one story: each starts from
 * what the one before left.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastRun } from './support/ledger.ts';
import { TINY_PIPELINE, TINY_STAGES as STAGES } from './support/tiny-pipeline.ts';
import { copyWorkspace, type TestWorkspace } from './support/workspace.ts';

let workspace: TestWorkspace;
beforeAll(() => {
  workspace = copyWorkspace();
  workspace.write('pipelines/tiny.yaml', TINY_PIPELINE);
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
  for (const label of [
    'data',
    'vocabulary',
    'parameters',
    'loss',
    'size',
    'five-gram model',
    'held-out text',
    'sample',
  ]) {
    expect(output).toMatch(new RegExp(`^ +${label}`, 'm'));
  }
});

test('nothing changed: nothing runs', async () => {
  const { computed, output } = await run();
  expect(computed).toEqual([]);
  expect(fromNxCache(output)).toBe(STAGES.length);
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
  workspace.edit(
    'shared/quantization/src/quantize-model.ts',
    'const stored = isQuantizable(tensor.shape) ?',
    "const stored = isQuantizable(tensor.shape) && !name.endsWith('.o_proj.weight') ?",
  );
  expect((await run()).computed).toEqual(['quantize', 'evaluate']);
});

test('a stage that runs again to the same bytes reruns nothing after it', async () => {
  workspace.edit('stages/chunk/src/stage.ts', "'take more text, or", "'take much more text, or");
  expect((await run()).computed).toEqual(['chunk']);
});

test('a new pipeline file recomputes nothing, and shares what it has in common', async () => {
  workspace.write('pipelines/another.yaml', 'extends: tiny\nsteps:\n  train: { seed: 2 }\n');
  expect((await run()).computed).toEqual([]);
  expect((await run('another')).computed).toEqual(['train', 'quantize', 'evaluate']);
});

test('deleted artifacts come back, from the cache of Nx and from the store', async () => {
  const { manifests } = await lastRun(workspace, 'tiny');
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
  const { manifests } = await lastRun(workspace, 'tiny');
  rmSync(join(workspace.root, 'artifacts/store/blobs'), { recursive: true });
  const { code, output } = workspace.nx(['run', 'train:tiny', '--steps=5']);
  expect(code).not.toBe(0);
  const command = /to do: +npx nx (run .*)$/m.exec(output)?.[1];
  expect(command).toBe('run train:tiny --train.steps=5 --skip-nx-cache');
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
