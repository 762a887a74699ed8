/**
 * @file What can be done with runs: naming, listing, comparing, forgetting, collecting garbage. The tests go through one story: each starts from what
 * the one before left.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastRun } from './support/ledger.ts';
import { TINY_PIPELINE } from './support/tiny-pipeline.ts';
import { copyWorkspace, type Finished, type TestWorkspace } from './support/workspace.ts';

let workspace: TestWorkspace;
beforeAll(() => {
  workspace = copyWorkspace();
  workspace.write('pipelines/tiny.yaml', TINY_PIPELINE);
  succeed(workspace.nx(['run', 'pipeline:tiny']));
});
afterAll(() => workspace.remove());

/** @returns what was printed */
function succeed({ code, output }: Finished): string {
  if (code !== 0) throw new Error(output);
  return output;
}

/** Runs a command through Nx, which must succeed. */
const nx = (args: readonly string[], env: Record<string, string> = {}): string =>
  succeed(workspace.nx(['run', ...args], env));

/** Runs a command as Nx would, which must succeed. */
const command = (name: string, ...args: string[]): string => succeed(workspace.command(name, args));

test('a stage that is run by itself is a run, too: with what it needed, until it is forgotten', async () => {
  const output = nx(['train:tiny', '--steps=6']);
  const { run: alone, computed } = await lastRun(workspace);
  expect(alone).toMatchObject({ step: 'train', pipeline: 'tiny', steps: { train: { parameters: { steps: 6 } } } });
  expect(Object.keys(alone.steps)).toEqual(['download', 'tokenizer', 'chunk', 'train']);
  expect(computed).toEqual(['train']);
  expect(alone.seconds).toBeGreaterThan(0);
  expect(output).toContain(`train:tiny is run ${alone.id}`);
});

test('runs are named, while they run and later, and listed by a condition that passes through shells', () => {
  nx(['pipeline:tiny'], { RUN_NAME: 'four-steps', RUN_NOTES: 'one more', PIPELINE_SET: 'train.steps=4' });
  const name = ['--run=latest~1', '--name=six-steps', '--notes=two \'more\' than "four"'];
  expect(nx(['pipeline:name', ...name])).toContain(`six-steps, two 'more' than "four"`);
  const where = '--where=train.steps > 3 and not (name ~ "six" or seconds < 0)';
  const list = nx(['pipeline:runs', where, '--sort=-train.steps']);
  expect(list).toMatch(/four-steps +tiny .*one more/);
  expect(list).not.toMatch(/^\d+-.*six-steps/m);
});

test('runs are compared and their artifacts told apart from the command line', () => {
  nx(['pipeline:compare', '--a=six-steps', '--b=four-steps', '--json', '--output=comparison.json']);
  expect(JSON.parse(workspace.read('comparison.json'))).toMatchObject({
    parameters: [{ step: 'train', path: 'steps', values: [6, 4] }],
    divergences: [null, { step: 'train', causes: ['parameter steps'] }],
  });
  const weights = nx(['pipeline:diff', '--artifact=train/weights.arrow', '--a=six-steps', '--b=four-steps']);
  expect(weights).toMatch(/model\.norm\.weight +\[16\]/);
  // The one of two runs that is left out is the same for both commands.
  command('compare', '--b=four-steps', '--json', '--output=half.json');
  expect(JSON.parse(workspace.read('half.json'))).toMatchObject({
    runs: [{ name: 'six-steps' }, { name: 'four-steps' }],
  });
  expect(command('diff', '--artifact=train', '--b=four-steps', '--markdown')).toMatch(
    /^## `tiny@latest~1:train` · `four-steps:train`/m,
  );
  const wrong = workspace.command('compare', ['--a=five-steps', '--b=four-steps']);
  expect(wrong.code).not.toBe(0);
  expect(wrong.output).toMatch(/no run "five-steps"[^]*near it: four-steps/);
});

test('garbage collection shows first and deletes when told to, and what is left is whole', async () => {
  command('gc');
  nx(['train:tiny', '--skip-nx-cache']); // six steps are no longer pointed at, but run
  expect(command('forget', '--runs=six-steps', '--delete')).toMatch(/1 of \d+ runs forgotten/);
  expect(nx(['pipeline:gc', '--now'])).toMatch(/would delete +[\d.]+ k?B +artifacts\/store\/blobs/);
  expect(nx(['pipeline:gc', '--delete', '--now'])).toMatch(/freed/);
  expect(command('gc', '--now')).toMatch(/nothing to collect/);
  nx(['pipeline:tiny', '--skip-nx-cache']);
  expect((await lastRun(workspace)).computed).toEqual([]);
  expect(existsSync(join(workspace.root, 'artifacts/store/blobs'))).toBe(true);
});
