/** @file What a running step tells those who watch, and how they follow it. */
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { metricsTable } from '@arrowsmith/artifacts';
import { eventsFolder, openEvents, removeOldEvents, type TimedEvent } from './events.ts';
import { followRuns, type FollowedEvent } from './follow.ts';
import { beginRun, endRun } from './run-state.ts';
import { implementStage, type Stage, type StageContext } from './stage.ts';
import { toyWorkspace } from './testing/toy-stages.ts';

const PLAN = { format: 2 as const, process: { pid: process.pid, host: hostname() }, pipelines: {} };

function eventsOf(path: string): TimedEvent[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as TimedEvent);
}

/** A stage that tells of its work and then does what a test wants. */
const talking = (stage: Stage, then: (context: StageContext<never>) => Promise<object>): Stage =>
  implementStage(stage.declaration, async (context) => {
    const bar = context.progress('counting', { total: 2, unit: 'numbers' });
    bar.update(1, 'half');
    context.note('a notice');
    context.row(metricsTable, { loss: 1.5 });
    bar.update(2);
    bar.end();
    return then(context as StageContext<never>);
  }) as unknown as Stage;

test('a step tells of its beginning, progress, notices and rows, and how it ended, as lines of JSON', async () => {
  const { workspace, stages, run } = toyWorkspace();
  const load = async () => talking(stages.count, async () => ({}));
  await run('count', [], { load, invocation: 'mine' });
  const path = join(eventsFolder(workspace), 'mine/toy/count.jsonl');
  const events = eventsOf(path);
  expect(events.map(({ type }) => type)).toEqual(['begin', 'progress', 'note', 'row', 'progress', 'note', 'end']);
  expect(events).toMatchObject([
    { stage: 'count' },
    { label: 'counting', done: 1, total: 2, unit: 'numbers', suffix: 'half' },
    { text: 'a notice' },
    { table: 'metrics', values: { loss: 1.5 } },
    { label: 'counting', done: 2, end: true },
    { text: expect.stringMatching(/^count: done in/) },
    { outcome: 'computed' },
  ]);
  for (const { time } of events) expect(new Date(time).toISOString()).toBe(time);

  await run('count', [], { load, invocation: 'other' });
  expect(eventsOf(join(eventsFolder(workspace), 'other/toy/count.jsonl')).at(-1)).toMatchObject({
    type: 'end',
    outcome: 'recalled',
  });
});

test('a step that fails says why, last', async () => {
  const { workspace, stages, run } = toyWorkspace();
  const load = async () => talking(stages.count, () => Promise.reject(new Error('no more numbers')));
  await expect(run('count', [], { load, invocation: 'mine' })).rejects.toThrow('no more numbers');
  expect(eventsOf(join(eventsFolder(workspace), 'mine/toy/count.jsonl')).at(-1)).toMatchObject({
    type: 'failed',
    message: 'no more numbers',
  });
});

test('who follows a run sees each event once, while it goes on, and ends with it', { timeout: 20_000 }, async () => {
  const { workspace, stages, run } = toyWorkspace();
  const followed: FollowedEvent[] = [];
  let waited = 0;
  const following = followRuns(workspace, {
    signal: new AbortController().signal,
    onEvent: (event) => followed.push(event),
    onWait: () => waited++,
  });
  await expect.poll(() => waited).toBe(1);
  await beginRun(workspace, 'mine', PLAN);
  let seenMeanwhile: string[] = [];
  const load = async () =>
    talking(stages.count, async () => {
      await expect.poll(() => followed.length).toBe(5);
      seenMeanwhile = followed.map(({ event: { type } }) => type);
      return {};
    });
  await run('count', [], { load, invocation: 'mine' });
  await expect.poll(() => followed.at(-1)?.event.type).toBe('end');
  await endRun(workspace, 'mine');
  await following;
  expect(seenMeanwhile).toEqual(['begin', 'progress', 'note', 'row', 'progress']);
  expect(followed).toHaveLength(7);
  expect(followed[0]).toMatchObject({ run: 'mine', pipeline: 'toy', step: 'count', event: { type: 'begin' } });
  expect(waited).toBe(1);
});

test('one pipeline can be followed alone, and Ctrl-C ends following', { timeout: 20_000 }, async () => {
  const { workspace, run } = toyWorkspace();
  await beginRun(workspace, 'mine', PLAN);
  await run('count', [], { invocation: 'mine' });
  const controller = new AbortController();
  const followed: FollowedEvent[] = [];
  const onEvent = (event: FollowedEvent) => followed.push(event);
  const options = { signal: controller.signal, onEvent, onWait: () => controller.abort() };
  await followRuns(workspace, { ...options, pipeline: 'another' });
  expect(followed).toEqual([]);
  await endRun(workspace, 'mine');
});

test('what cannot be written is said once, and the step goes on', () => {
  const { workspace } = toyWorkspace();
  mkdirSync(dirname(eventsFolder(workspace)), { recursive: true });
  writeFileSync(eventsFolder(workspace), 'a file where the folder should be');
  const said: string[] = [];
  const events = openEvents(workspace, { run: 'mine', pipeline: 'toy', step: 'count' }, (line) => said.push(line));
  events.emit({ type: 'note', text: 'x' });
  events.close();
  expect(said).toEqual([expect.stringMatching(/^count: what happens cannot be followed by others: /)]);
});

test('streams of runs that ended more than a day ago go when another begins', async () => {
  const { workspace, run } = toyWorkspace();
  for (const invocation of ['old', 'new']) await run('count', [], { invocation });
  const dayAgo = new Date(Date.now() - 25 * 3_600_000);
  for (const path of ['old/toy/count.jsonl', 'old/toy', 'old'])
    utimesSync(join(eventsFolder(workspace), path), dayAgo, dayAgo);
  await removeOldEvents(workspace);
  expect(readdirSync(eventsFolder(workspace))).toEqual(['new']);
});
