/** @file A pipeline that was made for a long run can be tried in a few steps: nothing in it refuses that, and what was shortened is said. */
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { loadDeclarations, loadPipeline } from '@arrowsmith/pipeline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realChain, type RealChain } from './support/real-chain.ts';
import { REPOSITORY } from './support/workspace.ts';

const declarations = await loadDeclarations(REPOSITORY);
const shipped = execFileSync('git', ['ls-files', 'pipelines/*.yaml'], { cwd: REPOSITORY, encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((file) => basename(file, '.yaml'));

let chain: RealChain;
beforeAll(async () => {
  chain = realChain();
  await chain.runUntil('chunk');
});
afterAll(() => chain.remove());

test.each(shipped)('the pipeline %s takes any number of steps', (name) => {
  for (const steps of [1, 20]) {
    const set = [{ path: ['train', 'steps'], value: steps, written: `train.steps=${steps}` }];
    const all = Object.entries(loadPipeline(REPOSITORY, name, declarations, set).steps);
    const trainings = all.filter(([, { stage }]) => stage === 'train');
    expect(trainings.length).toBeGreaterThan(0);
    // Of a step of that name, or of all of that stage.
    const meant = trainings.some(([step]) => step === 'train')
      ? trainings.filter(([step]) => step === 'train')
      : trainings;
    for (const [, { parameters }] of meant) expect(parameters).toMatchObject({ steps });
  }
});

test('a warm-up that is longer than the training is shortened, which the stage says', async () => {
  const { highlights } = await chain.run('train', { steps: 20, optimizer: { warmupSteps: 60 } });
  expect(highlights['warm-up']).toBe('2 of 20 steps: the 60 of optimizer.warmupSteps do not fit');
  expect((await chain.run('train', { optimizer: { warmupSteps: 1 } })).highlights['warm-up']).toBeUndefined();
});
