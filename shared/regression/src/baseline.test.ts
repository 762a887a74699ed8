import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { type Baseline, baselinePath, readBaseline, writeBaseline } from './baseline.ts';
import { recordedBaseline } from './testing/recorded.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'baseline-'));
});

function put(content: unknown, pipeline = 'ci'): void {
  const path = baselinePath({ root }, pipeline);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
}

const read = (pipeline = 'ci') => readBaseline({ root }, pipeline);

/** A baseline with something changed in it. */
function altered(alter: (baseline: Baseline) => void): Baseline {
  const baseline = structuredClone(recordedBaseline());
  alter(baseline);
  return baseline;
}

test('a baseline comes back as it was written, and nothing else is left in its folder', async () => {
  await writeBaseline({ root }, recordedBaseline());
  expect(await read()).toEqual(recordedBaseline());
  expect(readdirSync(join(root, 'pipelines/baselines'))).toEqual(['ci.json']);
});

test('a pipeline without a baseline, with those that have one', async () => {
  await expect(read()).rejects.toThrow(/pipeline ci has no baseline yet[^]*npx nx run pipeline:baseline --pipeline=ci/);
  put(recordedBaseline());
  await expect(read('smoke')).rejects.toThrow(/pipeline smoke has no baseline yet[^]*there is one of ci/);
});

test('a folder in the place of a baseline', async () => {
  mkdirSync(baselinePath({ root }, 'ci'), { recursive: true });
  await expect(read()).rejects.toThrow(/cannot be read[^]*found: +a folder[^]*git checkout/);
});

test('a baseline of another pipeline, under this one’s name', async () => {
  put(recordedBaseline(), 'smoke');
  await expect(read('smoke')).rejects.toThrow(
    /of another pipeline[^]*expected: +pipeline smoke[^]*found: +pipeline ci/,
  );
});

test.each([
  [3, /another format[^]*expected: +format 2[^]*found: +format 3[^]*later version/],
  [1, /another format[^]*found: +format 1[^]*measure a new one/],
])('a baseline of format %d', async (format, message) => {
  put({ ...recordedBaseline(), format });
  await expect(read()).rejects.toThrow(message);
});

const whole = JSON.stringify(recordedBaseline());
test.each([
  [
    'half a file',
    whole.slice(0, whole.length / 2),
    /is damaged[^]*expected: +JSON[^]*git checkout -- pipelines.baselines.ci\.json/,
  ],
  ['an empty file', '', /is damaged[^]*expected: +JSON/],
  ['null', 'null', /is damaged[^]*expected: +a baseline of format 2/],
  ['a list', '[]', /is damaged/],
  ['an unknown key', { ...recordedBaseline(), extra: 1 }, /is damaged[^]*"extra"/],
  [
    'a metric without values',
    altered(({ metrics }) => (metrics['evaluate.train.bitsPerByte']!.values = [])),
    /metrics\.evaluate\.train\.bitsPerByte\.values/,
  ],
  [
    'a value too few',
    altered(({ metrics }) => metrics['evaluate.train.bitsPerByte']!.values.pop()),
    /5 values for 6 seeds/,
  ],
  [
    'a limit widened by hand',
    altered(({ metrics }) => (metrics['evaluate.train.bitsPerByte']!.highest = 3)),
    /evaluate\.train\.bitsPerByte: mean, deviation and limits do not follow from values/,
  ],
  [
    'a limit taken away by hand',
    altered(({ metrics }) => (metrics['evaluate.train.bitsPerByte']!.lowest = null)),
    /limits do not follow/,
  ],
  ['a factor raised by hand', altered(({ noise }) => (noise.factor *= 2)), /noise\.factor/],
  [
    'a noisy metric made exact by hand',
    altered(({ metrics }) => (metrics['evaluate.train.bitsPerByte']!.rule = 'exact')),
    /noise\.comparisons: 3, but 2 metrics/,
  ],
  [
    'a digest that is none',
    altered(({ digests }) => (digests['tokenizer.merges'] = 'abc')),
    /digests\.tokenizer\.merges: a SHA-256/,
  ],
])('%s', async (_, content, message) => {
  put(content);
  await expect(read()).rejects.toThrow(message);
  expect(readFileSync(baselinePath({ root }, 'ci'), 'utf8')).toBe(
    typeof content === 'string' ? content : JSON.stringify(content),
  );
});

test('a baseline that cannot be written leaves the one that is there', async () => {
  await writeBaseline({ root }, recordedBaseline());
  const before = readFileSync(baselinePath({ root }, 'ci'), 'utf8');
  const wrong = altered(({ metrics }) => (metrics['evaluate.train.bitsPerByte']!.mean = 0));
  await expect(writeBaseline({ root }, wrong)).rejects.toThrow(/limits do not follow from values/);
  expect(readFileSync(baselinePath({ root }, 'ci'), 'utf8')).toBe(before);
  expect(readdirSync(join(root, 'pipelines/baselines'))).toEqual(['ci.json']);
});

test.each([1e-300, 1e-9, 1])(
  'a rate of false alarms of %d, whose limits no seeds give, is refused at once',
  async (rate) => {
    put(altered(({ noise }) => (noise.falseAlarmRate = rate)));
    await expect(read()).rejects.toThrow(/falseAlarmRate/);
  },
);

test('a baseline of a single seed is refused at once: one value has no deviation', async () => {
  put(altered(({ noise }) => (noise.seeds = noise.seeds.slice(0, 1))));
  await expect(read()).rejects.toThrow(/seeds/);
});
