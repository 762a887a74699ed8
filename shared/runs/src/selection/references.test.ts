import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorkspace } from '@arrowsmith/pipeline';
import { BASELINE_FORMAT, deviation, mean, toleranceFactor, toleranceInterval } from '@arrowsmith/regression';
import { expect, test } from 'vitest';
import { testRuns } from '../testing/runs.ts';
import { resolveReference, resolveReferences } from './references.ts';

const root = mkdtempSync(join(tmpdir(), 'references-'));
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', root, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' }).trim();
git('init', '-q', '-b', 'trunk');
const [first, second, third] = [1, 2, 3].map(() => {
  git('commit', '-q', '--allow-empty', '-m', 'x');
  return git('rev-parse', 'HEAD');
});
git('tag', 'v1', first!);

const runs = testRuns(
  { name: 'wide', commit: first! },
  { name: 'twice', commit: second! },
  { name: 'twice', commit: second!, dirty: true, pipeline: 'other' },
  { commit: first!, dirty: true },
);
const workspace = openWorkspace(root, {});
const find = async (reference: string, pipeline?: string): Promise<number> =>
  runs.indexOf(await resolveReference(reference, { workspace, runs, pipeline }));

test.each([
  ['latest', 3],
  ['latest~0', 3],
  ['latest~2', 1],
  ['other@latest', 2],
  ['toy@latest~1', 1],
  ['wide', 0],
  ['20260131-090100-doku', 1],
  ['20260131-0902', 2],
  ['giro', 3],
  ['v1', 0], // of two runs from that commit the one from clean sources
  ['trunk~1', 1],
])('%s', async (reference, expected) => {
  expect(await find(reference)).toBe(expected);
});

test('a run from a commit is taken with changes where there is no other', async () => {
  expect(await find('trunk~1', 'other')).toBe(2);
});

test.each([
  ['twice', /names 2 runs[^]*fano \(twice\) of other; 20260131-090100-doku \(twice\) of toy[^]*to do: +write more/],
  ['2026', /names 4 runs/],
  ['wied', /no run "wied"[^]*near it: wide[^]*to do/],
  ['fnao', /near it: fano/],
  ['something-else', /no run "something-else"[^]*the latest runs are 20260131-090300-giro of toy/],
  ['latest~4', /no run latest~4[^]*at most latest~3[^]*4 runs/],
  ['nope@latest', /no run of pipeline nope[^]*toy, other/],
  ['trunk', /no run is from commit trunk[^]*to do/],
  ['--output=x', /no run "--output=x"/],
  ['', /no run ""/],
])('%s is refused', async (reference, message) => {
  await expect(find(reference)).rejects.toThrow(message);
  expect(third).toHaveLength(40);
});

test('within a pipeline, a name may be unique', async () => {
  expect(await find('twice', 'other')).toBe(2);
});

test('an empty ledger says how to fill it', async () => {
  await expect(resolveReference('latest', { workspace, runs: [] })).rejects.toThrow(
    /ledger is empty[^]*npx nx run pipeline:smoke/,
  );
});

const LOSSES = [1.25, 1.5];
const FACTOR = toleranceFactor(2, 1, 0.001);
const BASELINE = {
  format: BASELINE_FORMAT,
  pipeline: 'toy',
  parameters: { train: { steps: 5 } },
  engine: { backend: 'native', precision: 'f32' },
  measured: {
    at: '2026-01-30T00:00:00.000Z',
    commit: `${first}+`,
    host: { platform: 'linux', arch: 'x64', cpu: 'Z80', node: 'v20.20.0' },
  },
  noise: { seeds: [1, 2], falseAlarmRate: 0.001, comparisons: 1, factor: FACTOR },
  metrics: {
    'train.loss': {
      rule: 'interval',
      direction: 'both',
      values: LOSSES,
      mean: mean(LOSSES),
      deviation: deviation(LOSSES),
      ...toleranceInterval(LOSSES, FACTOR, 'both'),
    },
  },
  digests: {},
  artifacts: { train: { stage: 'train', manifest: 'c'.repeat(64), code: 'code-0', files: {} } },
};
const writeBaseline = (pipeline: string, content: unknown): void => {
  mkdirSync(join(root, 'pipelines/baselines'), { recursive: true });
  writeFileSync(join(root, 'pipelines/baselines', `${pipeline}.json`), JSON.stringify(content));
};

test('a baseline stands for the run with its first seed; it is that of the run beside it', async () => {
  writeBaseline('toy', BASELINE);
  const [baseline] = await resolveReferences(['baseline', 'wide'], { workspace, runs });
  expect(baseline!.run).toMatchObject({
    pipeline: 'toy',
    commit: first,
    dirty: true,
    steps: { train: { parameters: { steps: 5 }, metrics: { loss: 1.25 }, manifest: 'c'.repeat(64) } },
  });
  expect(await resolveReference('toy@baseline', { workspace, runs })).toMatchObject({ id: 'toy@baseline' });
});

test('a baseline that is missing, of another pipeline, of another format or damaged is refused', async () => {
  writeBaseline('toy', BASELINE);
  const read = (pipeline: string) => resolveReference(`${pipeline}@baseline`, { workspace, runs });
  await expect(read('nope')).rejects.toThrow(
    /pipeline nope has no baseline[^]*there is one of toy[^]*pipeline:baseline/,
  );
  writeBaseline('copied', BASELINE);
  await expect(read('copied')).rejects.toThrow(
    /of another pipeline[^]*expected: +pipeline copied[^]*found: +pipeline toy/,
  );
  writeBaseline('newer', { ...BASELINE, format: 3 });
  await expect(read('newer')).rejects.toThrow(/another format[^]*expected: +format 2[^]*found: +format 3/);
  writeFileSync(join(root, 'pipelines/baselines/cut.json'), '{"format":1,');
  await expect(read('cut')).rejects.toThrow(/damaged[^]*baselines\/cut\.json/);
  await expect(resolveReferences(['baseline'], { workspace, runs })).rejects.toThrow(/baseline of which pipeline/);
});
