import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { formatRevision, parseRevision, readRevision } from '../ledger/revision.ts';
import { declareStage, type StageDeclaration } from '../stage.ts';
import { alone } from './after-tasks.ts';
import { beforeTasks } from './before-tasks.ts';

const declare = (name: string) =>
  [
    name,
    declareStage({ name, description: name, inputs: {}, makes: [], parameters: z.strictObject({}) }),
  ] as unknown as [string, StageDeclaration];
const declarations = new Map(['download', 'tokenizer', 'chunk', 'train'].map(declare));

const stepOf = (stage: string, ...reads: string[]) => ({ stage, parameters: {}, inputs: { all: reads } });
const STEPS = {
  download: stepOf('download'),
  tokenizer: stepOf('tokenizer', 'download'),
  chunk: stepOf('chunk', 'download', 'tokenizer'),
  train: stepOf('train', 'chunk'),
};
const PIPELINES = { a: STEPS, b: STEPS, c: STEPS };
const ran = (...tasks: string[]) =>
  tasks.map((task) => {
    const [project = '', target = ''] = task.split(':');
    return { task: { target: { project, target } }, status: 'success' };
  });

test('a step run by itself is a run, what it needed is not', () => {
  expect(alone(ran('pipeline:build', 'chunk:a', 'train:a'), PIPELINES)).toEqual([{ pipeline: 'a', step: 'train' }]);
});

test('steps of a whole pipeline are none; of several pipelines each has its own', () => {
  const tasks = ran('download:a', 'tokenizer:a', 'pipeline:a', 'download:b', 'tokenizer:c', 'download:c');
  expect(alone(tasks, PIPELINES).map(({ step, pipeline }) => `${step}:${pipeline}`)).toEqual([
    'download:b',
    'tokenizer:c',
  ]);
  expect(alone(ran('pipeline:build', 'pipeline:runs'), PIPELINES)).toEqual([]);
});

const root = mkdtempSync(join(tmpdir(), 'hooks-'));
mkdirSync(join(root, 'pipelines'));
writeFileSync(join(root, 'pipelines/project.json'), '{"targets":{"build":{},"runs":{}}}');
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' }).trim();

afterEach(() => vi.unstubAllEnvs());

test('tasks are told when their `nx run` began, from which sources and with which flags', async () => {
  expect(await readRevision(root)).toEqual({ dirty: false }); // no repository
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'x');
  const commit = git('rev-parse', 'HEAD');
  const clean = await beforeTasks(root, ['run', 'pipeline:runs', '--limit=3'], declarations);
  expect(clean).toMatchObject({
    ARROWSMITH_INVOCATION: '',
    ARROWSMITH_FLAGS: '["--limit=3"]',
    ARROWSMITH_REVISION: commit,
  });
  expect(Number(clean['ARROWSMITH_STARTED'])).toBeGreaterThan(Date.UTC(2025));
  writeFileSync(join(root, 'new.yaml'), '');
  const { ARROWSMITH_REVISION } = await beforeTasks(root, ['run', 'pipeline:runs'], declarations);
  expect(parseRevision(ARROWSMITH_REVISION!)).toEqual({ commit, dirty: true });
  for (const revision of [{ dirty: false }, { commit, dirty: false }, { commit, dirty: true }])
    expect(parseRevision(formatRevision(revision))).toEqual(revision);
});

test.each(['NO_COLOR', 'NODE_DISABLE_COLORS'])(
  'with %s, tasks have no FORCE_COLOR that would be stronger, of which Node would warn each time',
  async (name) => {
    vi.stubEnv('NO_COLOR', undefined);
    vi.stubEnv('NODE_DISABLE_COLORS', undefined);
    const args = ['run', 'pipeline:runs'];
    expect(await beforeTasks(root, args, declarations)).not.toHaveProperty('FORCE_COLOR');
    vi.stubEnv(name, '1');
    expect(await beforeTasks(root, args, declarations)).toMatchObject({ FORCE_COLOR: '0' });
  },
);

test.each(['latest', 'baseline', 'a b', 'x@y', 'x~1', '20260131-wide', 'a,b', 'x'.repeat(101)])(
  'RUN_NAME=%s is refused before anything runs',
  async (name) => {
    vi.stubEnv('RUN_NAME', name);
    await expect(beforeTasks(root, ['run', 'pipeline:a'], declarations)).rejects.toThrow(
      /cannot name a run[^]*RUN_NAME[^]*to do/,
    );
  },
);
