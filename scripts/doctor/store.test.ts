/** @file Tests of the checks of the store, on stores in temporary folders. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from '@arrowsmith/artifacts/store';
import type { Workspace } from '@arrowsmith/pipeline';
import { diskNeeded, type PipelineSource } from './pipelines.ts';
import { checkDisk, checkLeftovers, checkWritable, freeBytes } from './store.ts';

let workspace: Workspace;
beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'arrowsmith-doctor-'));
  workspace = { root, store: join(root, 'artifacts', 'store') };
});
afterEach(() => rmSync(workspace.root, { recursive: true, force: true }));

function write(path: string, content = ''): void {
  const file = join(workspace.root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

const embedded = (pipeline: string, stories: number): PipelineSource => ({
  pipeline,
  source: { type: 'embedded', stories, validationStories: 1, seed: 1 },
});

test('disk is enough, too little for some pipelines, or for all', () => {
  const sources = [embedded('small', 1_000), embedded('large', 1_000_000)];
  const means = 'large needs about 5 GB, any other 5 MB at most';
  expect(checkDisk(workspace, 1e12, sources)).toMatchObject({ level: 'ok', what: '1 TB free', means });
  const note = checkDisk(workspace, 1e9, sources);
  expect(note.level).toBe('note');
  expect(note.means).toMatch(/large about 5 GB/);
  expect(note.means).not.toContain('small');
  expect(checkDisk(workspace, 1e5, sources).level).toBe('problem');
});

test('all of TinyStories needs about ten gigabytes, and a source of unknown size needs nothing that is known', () => {
  const file = { path: 'TinyStoriesV2-GPT4-train.txt', bytes: 2_227_753_162, sha256: 'a'.repeat(64) };
  const hub = {
    type: 'hub' as const,
    repository: 'datasets/roneneldan/TinyStories',
    revision: 'f'.repeat(40),
    train: file,
    validationShare: 0.1,
    whenUnreachable: 'fail' as const,
    embedded: { stories: 1, validationStories: 1, seed: 1 },
  };
  expect(diskNeeded(hub)! / 1e9).toBeCloseTo(9, 0);
  expect(diskNeeded({ ...hub, train: { ...file, firstBytes: 8_000_000 } })).toBe(32_000_000);
  const local = { type: 'file' as const, path: 'x.txt', validationShare: 0.1 };
  expect(diskNeeded(local)).toBeUndefined();
});

test('a store that does not exist yet is measured and tried in its parent, and nothing is left there', async () => {
  expect(await freeBytes(workspace.store)).toBeGreaterThan(0);
  expect(await checkWritable(workspace)).toMatchObject({ level: 'ok', means: workspace.store });
  expect(readdirSync(workspace.root)).toEqual([]);
});

test('a store that cannot be written to is a problem', async () => {
  write('artifacts/store', 'a file where a folder should be');
  const found = await checkWritable(workspace);
  expect(found).toMatchObject({ level: 'problem', what: 'not writable' });
  expect(found.means).toContain(`${workspace.store} (ENOTDIR)`);
  expect(found.means).toContain('ARROWSMITH_STORE');
});

test('a clean store has no leftovers', async () => {
  expect(await checkLeftovers(workspace)).toEqual([]);
});

test('a running stage, a stale lock and an interrupted stage are told apart', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']); // has ended
  write('artifacts/store/locks/killed', JSON.stringify({ pid, host: hostname() }));
  write('artifacts/store/work/killed/state/checkpoint.arrow');
  write('artifacts/store/work/running/state/checkpoint.arrow');
  mkdirSync(join(workspace.store, 'work', 'empty', 'state'), { recursive: true });
  const findings = await withLock(join(workspace.store, 'locks', 'running'), () => checkLeftovers(workspace));
  expect(findings.map(({ level, what }) => `${level}: ${what}`)).toEqual([
    'ok: 1 stage running',
    'ok: 1 lock of a killed run',
    'note: 1 interrupted stage',
  ]);
});

test('corrupt files and artifacts whose files are gone are noted with the command that mends them', async () => {
  write('artifacts/store/corrupt/abc');
  const manifest = {
    format: 1,
    stage: 'train',
    metadata: {},
    files: { 'weights.arrow': { sha256: 'a'.repeat(64), bytes: 3 } },
  };
  write('artifacts/smoke/train/manifest.json', JSON.stringify(manifest));
  write('artifacts/smoke/chunk/manifest.json', JSON.stringify({ ...manifest, stage: 'chunk', files: {} }));
  const [corrupt, gone, ...rest] = await checkLeftovers(workspace);
  expect(corrupt).toMatchObject({ level: 'note', what: '1 corrupt file' });
  expect(gone).toMatchObject({ level: 'note', what: 'smoke/train' });
  expect(gone!.means).toContain('npx nx run train:smoke --skip-nx-cache');
  expect(rest).toEqual([]);
});
