/** @file Tests of the check of pipeline files, on the repository's own stages. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkPipelines } from './pipelines.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'arrowsmith-doctor-'));
  for (const folder of ['stages', 'node_modules']) symlinkSync(join(REPOSITORY, folder), join(root, folder));
  mkdirSync(join(root, 'pipelines'));
  cpSync(join(REPOSITORY, 'pipelines', 'smoke.yaml'), join(root, 'pipelines', 'smoke.yaml'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('pipelines that can run are listed with their sources', async () => {
  const { findings, sources } = await checkPipelines(root);
  expect(findings).toMatchObject([{ level: 'ok', what: '1 can run', means: 'smoke: npx arrowsmith run smoke' }]);
  expect(sources).toMatchObject([{ pipeline: 'smoke', source: { type: 'embedded' } }]);
});

test('a pipeline file with an error is a problem that names file and line; the others are still listed', async () => {
  writeFileSync(join(root, 'pipelines', 'typo.yaml'), 'extends: smoke\nsteps:\n  train: { stpes: 3 }\n');
  const { findings, sources } = await checkPipelines(root);
  expect(findings).toMatchObject([
    { level: 'ok', what: '1 can run' },
    { level: 'problem', what: 'typo has an error' },
  ]);
  expect(findings[1]!.means).toMatch(/^pipelines\/typo\.yaml:3: unknown parameter "train\.stpes"/);
  expect(sources).toHaveLength(1);
});
