import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobPath, memoPath, storeGeneration, withLock } from '@arrowsmith/artifacts/store';
import { expect, test } from 'vitest';
import { collectGarbage } from './gc.ts';
import { readLedger } from './ledger/index.ts';
import { readPointer } from './pointer.ts';
import { beginRun, endRun } from './run-state.ts';
import { collectorLock, type Workspace } from './workspace.ts';
import { completeRun } from './complete-run.ts';
import { formatSummary } from './summary.ts';
import { toyWorkspace } from './testing/toy-stages.ts';

/** Collects, however young it is. */
const collect = async (workspace: Workspace, remove = true) =>
  (await collectGarbage(workspace, { remove, recentMs: 0 })).garbage;

/** No process has it: beyond the largest process id of any system. */
const DEAD = 2 ** 30;

const COMPLETED = { pipeline: 'toy', steps: ['count', 'double'] };

test('what a pointer or a run names is never collected; the rest is, and only when asked to', async () => {
  const { workspace, ran, run, pointed } = toyWorkspace();
  await run('count', ['--to=1']); // in the ledger, no longer pointed at
  await run('double');
  await completeRun(workspace, { ...COMPLETED, find: pointed() });
  await run('count', ['--to=2']); // in no run, no longer pointed at: garbage
  await run('count', ['--to=3']); // pointed at
  await run('double');

  const found = await collect(workspace, false);
  expect(found.length).toBeGreaterThan(0);
  expect(found.every(({ path }) => existsSync(path))).toBe(true);
  expect(await collect(workspace)).toEqual(found);
  expect(found.some(({ path }) => existsSync(path))).toBe(false);
  expect(await collect(workspace)).toEqual([]);

  ran.length = 0;
  await run('count', ['--to=1']);
  await run('double');
  await run('count', ['--to=3']);
  await run('double');
  expect(ran).toEqual([]);
  await run('count', ['--to=2']);
  expect(ran).toEqual(['count']);
});

test('what was measured for a result is kept and collected with it', async () => {
  const { workspace, run } = toyWorkspace();
  const measuredBlob = ({ measured }: Awaited<ReturnType<typeof run>>) =>
    blobPath(workspace.store, measured!['time.arrow']!.sha256);
  const old = measuredBlob(await run('count', ['--to=1']));
  const current = measuredBlob(await run('count', ['--to=2']));
  await collect(workspace);
  expect([existsSync(old), existsSync(current)]).toEqual([false, true]);
});

test('a pipeline whose folder was deleted keeps what its runs name', async () => {
  const { workspace, run, pointed } = toyWorkspace();
  await run('count');
  await run('double');
  await completeRun(workspace, { ...COMPLETED, find: pointed() });
  rmSync(join(workspace.root, 'artifacts/toy'), { recursive: true });
  expect(await collect(workspace)).toEqual([]);
});

test('set-aside corrupt blobs and old interrupted work are collected, fresh interrupted work is not', async () => {
  const { workspace } = toyWorkspace();
  for (const folder of ['corrupt', 'work/fresh/state', 'work/old/state', 'work/done/output'])
    mkdirSync(join(workspace.store, folder), { recursive: true });
  writeFileSync(join(workspace.store, 'corrupt/abc'), 'x');
  const monthAgo = new Date(Date.now() - 30 * 24 * 3600 * 1000);
  utimesSync(join(workspace.store, 'work/old/state'), monthAgo, monthAgo);
  await collect(workspace);
  expect(readdirSync(join(workspace.store, 'work'))).toEqual(['fresh']);
  expect(readdirSync(join(workspace.store, 'corrupt'))).toEqual([]);
});

test('nothing is collected while an nx run goes on; one that is dead is forgotten, and one that begins waits', async () => {
  const { workspace, run } = toyWorkspace();
  await run('count', ['--to=1']);
  const { key } = await run('count', ['--to=2']);
  const plan = { format: 2 as const, process: { pid: process.pid, host: hostname() }, pipelines: {} };
  await beginRun(workspace, 'alive', plan);
  await expect(collectGarbage(workspace, { remove: true })).rejects.toThrow(/while an nx run goes on[^]*process \d+/);
  await endRun(workspace, 'alive');
  await beginRun(workspace, 'killed', { ...plan, process: { pid: DEAD, host: hostname() } });

  const lock = join(workspace.store, 'gc.lock');
  writeFileSync(lock, JSON.stringify({ pid: process.pid, host: hostname() }));
  let begun = false;
  const beginning = beginRun(workspace, 'waits', plan).then(() => (begun = true));
  await sleep(200);
  expect(begun).toBe(false);
  rmSync(lock);
  await beginning;
  await endRun(workspace, 'waits');
  expect(readdirSync(join(workspace.store, 'runs'))).toEqual([]);
  const before = await storeGeneration(workspace.store);
  expect((await collect(workspace)).length).toBeGreaterThan(0);
  expect(await storeGeneration(workspace.store)).not.toBe(before); // Nx's cache remembers none of what went
  expect((await run('count', ['--to=2'])).key).toBe(key);
});

test('nothing is collected while a stage is running, or while the ledger cannot be read', async () => {
  const { workspace, run } = toyWorkspace();
  await run('count');
  mkdirSync(join(workspace.store, 'locks'), { recursive: true });
  writeFileSync(join(workspace.store, 'locks/key'), JSON.stringify({ pid: process.pid, host: hostname() }));
  await expect(collect(workspace)).rejects.toThrow(/while a stage is running/);
  rmSync(join(workspace.store, 'locks/key'));
  mkdirSync(join(workspace.root, 'artifacts/runs'));
  writeFileSync(join(workspace.root, 'artifacts/runs/x.json'), '{"id"');
  await expect(collect(workspace)).rejects.toThrow(/ledger is damaged[^]*x\.json/);
  expect((await readPointer(workspace, 'toy', 'count')).manifest.stage).toBe('count');
});

test('the ledger keeps every completed run, and the summary tells what ran from what was cached', async () => {
  const { workspace, run, pointed } = toyWorkspace();
  await run('count', [], { invocation: 'first' });
  await run('double', [], { invocation: 'first' });
  const first = await completeRun(workspace, { ...COMPLETED, find: pointed('first') });
  await run('double', ['--plus=1'], { invocation: 'second' });
  const second = await completeRun(workspace, { ...COMPLETED, find: pointed('second') });
  const cached = [first, second].map(({ steps }) => Object.values(steps).map((step) => step.cached));
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

test('what was made or used a short while ago stays, and all that it was made from; it is counted', async () => {
  const { workspace, run } = toyWorkspace();
  const { key } = await run('count', ['--to=1']);
  await run('double');
  const hourAgo = new Date(Date.now() - 3_700_000);
  for (const name of readdirSync(workspace.store, { recursive: true }).map(String))
    if (/^(memo|blobs)/.test(name)) utimesSync(join(workspace.store, name), hourAgo, hourAgo);
  const { key: doubled } = await run('double'); // used again, through a pointer that others replace
  await run('count', ['--to=2']);
  await run('double', ['--plus=1']);
  const { garbage, recent } = await collectGarbage(workspace, { remove: true });
  expect([garbage, recent]).toEqual([[], { files: 0, bytes: 0 }]); // a run between the two stages finds both
  utimesSync(memoPath(workspace.store, doubled), hourAgo, hourAgo);
  const later = (await collectGarbage(workspace, { remove: true })).garbage.map(({ path }) => path);
  expect(later).toEqual(expect.arrayContaining([key, doubled].map((each) => memoPath(workspace.store, each))));
  mkdirSync(join(workspace.store, 'blobs/ab'), { recursive: true });
  writeFileSync(join(workspace.store, 'blobs/ab/abcd'), 'of a run that was killed');
  expect(await collectGarbage(workspace, { remove: true })).toMatchObject({
    garbage: [],
    recent: { files: 1, bytes: 24 },
  });
});

test('what cannot be read is said by name and set aside, what a damaged pointer still names is kept, the rest is collected', async () => {
  const { workspace, run, pointed } = toyWorkspace();
  const { key } = await run('count', ['--to=1']);
  await run('double');
  await completeRun(workspace, { ...COMPLETED, find: pointed() });
  const { manifest } = await readPointer(workspace, 'toy', 'double');
  await run('count', ['--to=2']);
  const pointer = join(workspace.root, 'artifacts/toy/count');
  for (const file of ['manifest.json', 'run.json'])
    truncateSync(join(pointer, file), readFileSync(join(pointer, file)).length >> 1);
  truncateSync(memoPath(workspace.store, key), 20);
  const { steps } = (await readLedger(workspace)).runs[0]!;
  writeFileSync(blobPath(workspace.store, steps['double']!.manifest), '{"format": 1, "sta');
  symlinkSync('nowhere', join(workspace.store, 'memo/link.json'));
  symlinkSync('nowhere', join(workspace.root, 'artifacts/gone'));
  mkdirSync(join(workspace.store, 'blobs/ab'), { recursive: true });
  symlinkSync('nowhere', join(workspace.store, 'blobs/ab/abcd'));
  const before = readdirSync(workspace.store, { recursive: true });
  const { problems } = await collectGarbage(workspace, { remove: false });
  expect(problems.sort()).toEqual([
    expect.stringMatching(/^artifacts\/gone cannot be used \(a link that leads nowhere\)/),
    expect.stringMatching(/^artifacts\/store\/blobs\/\w\w\/\w+ cannot be used \(18 bytes with sha256 \w+\)/),
    expect.stringMatching(/^artifacts\/store\/memo\/\w+\.json cannot be used .*computed again when it is asked for$/),
    expect.stringMatching(/^artifacts\/store\/memo\/link\.json cannot be used \(a link that leads nowhere\)/),
    expect.stringMatching(
      /^artifacts\/toy\/count\/run\.json cannot be used .*kept; npx nx run count:toy --skip-nx-cache/,
    ),
  ]);
  expect(readdirSync(workspace.store, { recursive: true })).toEqual(before);
  const { problems: settled } = await collectGarbage(workspace, { remove: true, recentMs: 0 });
  expect(settled.filter((problem) => problem.includes('set aside as'))).toHaveLength(3);
  expect(existsSync(join(pointer, 'note.txt'))).toBe(true);
  expect(existsSync(blobPath(workspace.store, manifest.files['number.arrow']!.sha256))).toBe(true);
  expect((await collectGarbage(workspace, { remove: true, recentMs: 0 })).problems).toHaveLength(2); // of the pointer, and the link
});

test('a pipeline folder that is a link counts; a folder that may not be read stops it', async () => {
  const { workspace, run } = toyWorkspace();
  await run('count');
  renameSync(join(workspace.root, 'artifacts/toy'), join(workspace.root, 'elsewhere'));
  symlinkSync('../elsewhere', join(workspace.root, 'artifacts/toy'));
  expect(await collect(workspace)).toEqual([]);
  rmSync(join(workspace.root, 'artifacts/toy'));
  symlinkSync('toy', join(workspace.root, 'artifacts/toy')); // to itself
  await expect(collect(workspace)).rejects.toThrow(/ELOOP/);
});

test('a stage that starts while garbage is collected waits, and what it publishes stays', async () => {
  const { workspace, run, printed } = toyWorkspace();
  await run('count', ['--to=1']);
  await run('count', ['--to=2']);
  let running: Promise<unknown> | undefined;
  await withLock(collectorLock(workspace), async () => {
    running = run('count', ['--to=1']); // known, and garbage until its pointer is written
    while (printed.every((line) => !line.includes('collects garbage'))) await sleep(5);
  });
  await Promise.all([running, collect(workspace).catch(() => undefined)]);
  const { manifest } = await readPointer(workspace, 'toy', 'count');
  expect(manifest.metadata).toEqual({ to: 1 });
  expect(existsSync(blobPath(workspace.store, manifest.files['number.arrow']!.sha256))).toBe(true);
});
