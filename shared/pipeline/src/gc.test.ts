import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { collectGarbage } from './gc.ts';
import { readLedger } from './ledger/index.ts';
import { readPointer } from './pointer.ts';
import { completeRun } from './complete-run.ts';
import { formatSummary } from './summary.ts';
import { toyWorkspace } from './testing/toy-stages.ts';

const COMPLETED = { pipeline: 'toy', stages: ['count', 'double'] };

test('what a pointer or a run names is never collected; the rest is, and only when asked to', async () => {
  const { workspace, ran, run } = toyWorkspace();
  await run('count', ['--to=1']); // in the ledger, no longer pointed at
  await run('double');
  await completeRun(workspace, COMPLETED);
  await run('count', ['--to=2']); // in no run, no longer pointed at: garbage
  await run('count', ['--to=3']); // pointed at
  await run('double');

  const found = await collectGarbage(workspace, { remove: false });
  expect(found.length).toBeGreaterThan(0);
  expect(found.every(({ path }) => existsSync(path))).toBe(true);
  expect(await collectGarbage(workspace, { remove: true })).toEqual(found);
  expect(found.some(({ path }) => existsSync(path))).toBe(false);
  expect(await collectGarbage(workspace, { remove: true })).toEqual([]);

  ran.length = 0;
  await run('count', ['--to=1']);
  await run('double');
  await run('count', ['--to=3']);
  await run('double');
  expect(ran).toEqual([]);
  await run('count', ['--to=2']);
  expect(ran).toEqual(['count']);
});

test('a pipeline whose folder was deleted keeps what its runs name', async () => {
  const { workspace, run } = toyWorkspace();
  await run('count');
  await run('double');
  await completeRun(workspace, COMPLETED);
  rmSync(join(workspace.root, 'artifacts/toy'), { recursive: true });
  expect(await collectGarbage(workspace, { remove: true })).toEqual([]);
});

test('set-aside corrupt blobs and old interrupted work are collected, fresh interrupted work is not', async () => {
  const { workspace } = toyWorkspace();
  for (const folder of ['corrupt', 'work/fresh/state', 'work/old/state', 'work/done/output'])
    mkdirSync(join(workspace.store, folder), { recursive: true });
  writeFileSync(join(workspace.store, 'corrupt/abc'), 'x');
  const monthAgo = new Date(Date.now() - 30 * 24 * 3600 * 1000);
  utimesSync(join(workspace.store, 'work/old/state'), monthAgo, monthAgo);
  await collectGarbage(workspace, { remove: true });
  expect(readdirSync(join(workspace.store, 'work'))).toEqual(['fresh']);
  expect(readdirSync(join(workspace.store, 'corrupt'))).toEqual([]);
});

test('nothing is collected while a stage is running, or while the ledger cannot be read', async () => {
  const { workspace, run } = toyWorkspace();
  await run('count');
  mkdirSync(join(workspace.store, 'locks'), { recursive: true });
  writeFileSync(join(workspace.store, 'locks/key'), JSON.stringify({ pid: process.pid, host: hostname() }));
  await expect(collectGarbage(workspace, { remove: true })).rejects.toThrow(/while a stage is running/);
  rmSync(join(workspace.store, 'locks/key'));
  mkdirSync(join(workspace.root, 'artifacts/runs'));
  writeFileSync(join(workspace.root, 'artifacts/runs/x.json'), '{"id"');
  await expect(collectGarbage(workspace, { remove: true })).rejects.toThrow(/ledger is damaged[^]*x\.json/);
  expect((await readPointer(workspace, 'toy', 'count')).manifest.stage).toBe('count');
});

test('the ledger keeps every completed run, and the summary tells what ran from what was cached', async () => {
  const { workspace, run } = toyWorkspace();
  await run('count', [], { invocation: 'first' });
  await run('double', [], { invocation: 'first' });
  const first = await completeRun(workspace, { ...COMPLETED, invocation: 'first' });
  await run('double', ['--plus=1'], { invocation: 'second' });
  const second = await completeRun(workspace, { ...COMPLETED, invocation: 'second' });
  const cached = [first, second].map(({ stages }) => Object.values(stages).map((stage) => stage.cached));
  expect(cached).toEqual([
    [false, false],
    [true, false],
  ]);
  expect((await readLedger(workspace)).runs.map(({ id }) => id)).toEqual([first.id, second.id]);
  const text = formatSummary(second);
  expect(text).toMatch(/counted +3/);
  expect(text).toMatch(/count +cached +artifacts\/toy\/count/);
  expect(text).toMatch(/double +\d+m?s +artifacts\/toy\/double/);
  expect(
    formatSummary({ ...second, substitution: 'x stands in for y' })
      .trimEnd()
      .endsWith('!! x stands in for y'),
  ).toBe(true);
});
