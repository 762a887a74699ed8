import { expect, test } from 'vitest';
import { testStep } from '../../pipeline/src/testing/runs.ts';
import { rerun } from './artifact-reader.ts';
import { testRuns } from './testing/runs.ts';

test('an artifact of a run is made again with the parameters that were changed for it and for what it was made of', () => {
  const steps = {
    chunk: testStep('chunk'),
    small: testStep('small', { stage: 'train', inputs: { chunk: 'a' } }),
    evaluate: testStep('evaluate', { inputs: { small: 'b' } }),
  };
  const changes = { 'chunk.contextLength': 8, 'train.seed': 11, 'evaluate.prompts': ['A cat'] };
  const [run] = testRuns({ changes, steps });
  expect(rerun(run!, 'small')).toBe('npx nx run small:toy --chunk.contextLength=8 --train.seed=11 --skip-nx-cache');
  expect(rerun(run!, 'chunk')).toBe('npx nx run chunk:toy --chunk.contextLength=8 --skip-nx-cache');
  expect(rerun(run!, 'evaluate')).toContain(`--evaluate.prompts='["A cat"]'`);
  const [before] = testRuns({ steps }); // of when changes were not kept
  expect(rerun(before!, 'small')).toBe('npx nx run small:toy --skip-nx-cache');
});
