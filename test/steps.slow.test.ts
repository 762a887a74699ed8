/** @file A pipeline with two trainings, through Nx: what a change computes again, what a failure leaves, and how its steps are called. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastRun } from './support/ledger.ts';
import { TINY_PIPELINE } from './support/tiny-pipeline.ts';
import { copyWorkspace, type TestWorkspace } from './support/workspace.ts';

const STEPS = ['download', 'tokenizer', 'chunk', 'teacher', 'student', 'student-int8', 'evaluate'];

let workspace: TestWorkspace;
beforeAll(() => {
  workspace = copyWorkspace();
  workspace.write('pipelines/tiny.yaml', TINY_PIPELINE);
  workspace.write(
    'pipelines/pair.yaml',
    `extends: tiny
steps:
  train: false
  quantize: false
  teacher:
    stage: train
    steps: 3
    batchSize: 2
    model: { hiddenSize: 16, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 32 }
  student: { stage: train, steps: 3, batchSize: 2, model: { hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 16 } }
  student-int8: { stage: quantize, inputs: { model: student } }
`,
  );
});
afterAll(() => workspace.remove());

async function run(...args: string[]) {
  const { code, output } = workspace.nx(['run', ...args]);
  expect(code, output).toBe(0);
  return { output, ...(await lastRun(workspace)) };
}

test('all steps run, and the run ends with one table of all models', async () => {
  const { run: made, computed, output } = await run('pipeline:pair');
  expect(computed).toEqual(STEPS);
  expect(Object.values(made.steps).map(({ stage }) => stage)).toEqual([
    'download',
    'tokenizer',
    'chunk',
    'train',
    'train',
    'quantize',
    'evaluate',
  ]);
  const table = /held-out text.*\n {4}model +bits per byte[^]*?\n\n/.exec(output)![0];
  expect([...table.matchAll(/^ {4}([\w-]+) +\d/gm)].map(([, model]) => model)).toEqual([
    'teacher',
    'student',
    'student-int8',
  ]);
  const [, reference] = /^ {2}five-gram model +(\d\.\d{4}) bits per byte/m.exec(output)!;
  expect(table).toMatch(new RegExp(`^ {4}five-gram model +${reference}$`, 'm')); // beside them
  for (const step of STEPS)
    expect(existsSync(join(workspace.root, 'artifacts/pair', step, 'manifest.json'))).toBe(true);
});

test('the width of the student computes the steps of the student again, and no others', async () => {
  const { computed } = await run('pipeline:pair', '--student.model.hiddenSize=12');
  expect(computed).toEqual(['student', 'student-int8', 'evaluate']);
  expect((await run('pipeline:pair')).computed).toEqual([]);
});

test('a step that is called otherwise computes nothing that is known: only what tells of it', async () => {
  const text = workspace.read('pipelines/pair.yaml');
  workspace.write('pipelines/renamed.yaml', text.replaceAll('student', 'pupil'));
  const { computed, run: made } = await run('pipeline:renamed');
  expect(computed).toEqual(['evaluate']);
  expect(made.steps['pupil-int8']!.inputs).toEqual({ pupil: made.steps['pupil']!.manifest });
});

test('a step is run by its name, all of a stage by its stage; both are runs', async () => {
  const alone = await run('student:pair', '--steps=4');
  expect(alone.run).toMatchObject({
    step: 'student',
    pipeline: 'pair',
    steps: { student: { parameters: { steps: 4 } } },
  });
  expect(alone.computed).toEqual(['student']);
  const { output } = await run('train:pair', '--steps=5');
  expect(output).toMatch(/^student: done/m);
  expect(output).toMatch(/^teacher: done/m);
});

test('a step that fails leaves the results of the others', () => {
  const { code, output } = workspace.nx(['run', 'pipeline:pair', '--teacher.steps=6', '--student.from=x']);
  expect(code).not.toBe(0); // an unknown parameter: nothing ran
  expect(output).toMatch(/unknown parameter "student\.from"/);
  const optimizer = '--student.optimizer={"learningRate":1e30,"gradientClip":1e30,"warmupSteps":0}';
  const failed = workspace.nx(['run', 'pipeline:pair', '--teacher.steps=6', '--student.steps=20', optimizer]);
  expect(failed.code).not.toBe(0);
  expect(failed.output).toMatch(/diverged/);
  const again = workspace.nx(['run', 'teacher:pair', '--steps=6']);
  expect(again.code).toBe(0);
  expect(again.output).not.toMatch(/^teacher: done/m); // it is there
});
