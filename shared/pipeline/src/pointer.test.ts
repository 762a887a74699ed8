import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Manifest } from '@arrowsmith/artifacts/store';
import { readPointer, type RunRecord, writePointer } from './pointer.ts';
import { openWorkspace } from './workspace.ts';

const manifest: Manifest = {
  format: 1,
  stage: 'count',
  metadata: {},
  files: { 'a.txt': { sha256: 'a'.repeat(64), bytes: 1 } },
};
const record = (seconds: number) => ({ stage: 'count', pipeline: 'toy', seconds }) as RunRecord;
const newWorkspace = () => openWorkspace(mkdtempSync(join(tmpdir(), 'pointer-')), {});

test('a pointer replaces another wholly', async () => {
  const workspace = newWorkspace();
  await writePointer(workspace, manifest, record(1));
  await writePointer(workspace, { ...manifest, files: {} }, record(2));
  expect((await readPointer(workspace, 'toy', 'count')).run.seconds).toBe(2);
  expect(readdirSync(join(workspace.root, 'artifacts/toy/count')).sort()).toEqual(['manifest.json', 'run.json']);
});

test('of many that are written at once one stays, whole, and none fails', async () => {
  const workspace = newWorkspace();
  const seconds = Array.from({ length: 8 }, (_, i) => i);
  await Promise.all(seconds.map((each) => writePointer(workspace, manifest, record(each))));
  expect(seconds).toContain((await readPointer(workspace, 'toy', 'count')).run.seconds);
  expect(readdirSync(join(workspace.root, 'artifacts/toy'))).toEqual(['count']);
});

test('what a process that was killed in the middle left beside the pointer goes with the next one', async () => {
  const workspace = newWorkspace();
  for (const name of ['count.new-a1b2c3', 'count.new-d4e5f6.old', 'count-more']) {
    mkdirSync(join(workspace.root, 'artifacts/toy', name), { recursive: true });
    writeFileSync(join(workspace.root, 'artifacts/toy', name, 'manifest.json'), '{"format"');
  }
  await writePointer(workspace, manifest, record(1));
  expect(readdirSync(join(workspace.root, 'artifacts/toy')).sort()).toEqual(['count', 'count-more']);
});

test('a failed write leaves the old pointer', async () => {
  const workspace = newWorkspace();
  await writePointer(workspace, manifest, record(1));
  const impossible = { ...manifest, files: { 'no/such/folder': manifest.files['a.txt']! } };
  await expect(writePointer(workspace, impossible, record(2))).rejects.toThrow(/ENOENT/);
  expect((await readPointer(workspace, 'toy', 'count')).run.seconds).toBe(1);
  expect(readdirSync(join(workspace.root, 'artifacts/toy'))).toEqual(['count']);
});
