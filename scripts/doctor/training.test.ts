/** @file Tests of what the doctor says of trainings, on the repository's own pipelines and with times made up. */
import { join } from 'node:path';
import { loadDeclarations, loadPipeline } from '@arrowsmith/pipeline';
import { expect, test } from 'vitest';
import { checkTraining, type Estimate } from './training.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const declarations = await loadDeclarations(REPOSITORY);
const memory = { total: 2e8 } as Estimate['memory'];

const check = (pipelines: string[], estimate: Estimate) =>
  checkTraining(
    pipelines.map((name) => loadPipeline(REPOSITORY, name, declarations)),
    declarations,
    async (all) => all.map(() => estimate),
  );

test('each training of a pipeline is told with its time and its memory', async () => {
  const findings = await check(['two-sizes'], { memory, time: { step: 0.1, validation: 1 } });
  expect(findings.map(({ check: named, what }) => [named, what])).toEqual([
    ['training small:two-sizes', 'about 33 seconds, 0.20 GB'],
    ['training large:two-sizes', 'about 33 seconds, 0.20 GB'],
  ]);
  expect(findings[0]!.means).toMatch(/^300 steps of 2,048 tokens at 20,480 tokens\/s/);
});

test('a training that does not fit has no time, and one of a model that is not read yet no estimate', async () => {
  expect(await check(['smoke', 'pretrained'], { memory, time: undefined })).toMatchObject([
    { level: 'note', what: '0.20 GB', means: expect.stringContaining('does not fit') },
    { level: 'ok', what: 'not estimated' },
  ]);
});

test('a training has a line of the table, with what could be taken instead beside it', async () => {
  const other = { backend: 'webgpu', precision: 'f32', adapter: 'A card', driver: 'its driver', dawn: '1.0' } as const;
  const [found] = await checkTraining(
    [loadPipeline(REPOSITORY, 'smoke', declarations)],
    declarations,
    async (all) =>
      all.map(({ engine }) => ({ memory, time: { step: engine.backend === 'webgpu' ? 0.01 : 0.1, validation: 0 } })),
    () => other,
  );
  expect(found!.training).toMatchObject({
    name: 'smoke',
    tokens: 60 * 512,
    taken: { memory: 2e8, tokensPerSecond: 5120 },
    other: { backend: 'webgpu f32', memory: 2e8, tokensPerSecond: 51_200 },
  });
  expect(found!.training!.parameters).toBeGreaterThan(30_000);
});
