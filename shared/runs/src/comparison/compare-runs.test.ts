import { rmSync } from 'node:fs';
import { blobPath } from '@arrowsmith/artifacts/store';
import type { LossMeasure, MetricMeaning, Run, StepRun, Workspace } from '@arrowsmith/pipeline';
import { expect, test } from 'vitest';
import { testStep } from '../../../pipeline/src/testing/runs.ts';
import { formatComparison, markdownComparison } from '../printing/comparison.ts';
import { parseSampleChoice } from '../printing/samples.ts';
import { documentLosses, emptyWorkspace, greedySamples, storeStage } from '../testing/artifacts.ts';
import { testRuns } from '../testing/runs.ts';
import { compareRuns } from './compare-runs.ts';

const workspace = emptyWorkspace();

/** What a run was evaluated to. */
interface Evaluated {
  nats?: number[];
  tokens?: number[];
  text?: string;
  tokenizer?: string;
  sample?: string;
  train?: Partial<StepRun>;
  chunk?: Partial<StepRun>;
}

const NATS = Array.from({ length: 50 }, (_, i) => 20 + (i % 7));

async function evaluatedRun(name: string, evaluated: Evaluated, at: Workspace = workspace): Promise<Partial<Run>> {
  const { nats = NATS, tokens, text = 'text-1', tokenizer = 'tokenizer-1', sample = 'Once upon' } = evaluated;
  const total = nats.reduce((a, b) => a + b);
  const tables = { 'documents.arrow': documentLosses(nats, tokens), 'samples.arrow': greedySamples(sample) };
  const metadata = { evaluatedText: text, tokenizer };
  const metrics = { loss: total / (10 * nats.length), bitsPerByte: total / Math.LN2 / (40 * nats.length) };
  const ofModel = (measure: LossMeasure): MetricMeaning => ({ better: 'lower', loss: { model: 'train', measure } });
  const meanings = {
    loss: { ...ofModel('nats per token'), perToken: true as const },
    bitsPerByte: { ...ofModel('bits per byte'), unit: 'bits per byte' },
  };
  return {
    name,
    steps: {
      chunk: await storeStage(at, 'chunk', {}, evaluated.chunk),
      train: testStep('train', { manifest: 'b'.repeat(64), parameters: { steps: 10 }, ...evaluated.train }),
      evaluate: await storeStage(at, 'evaluate', tables, { metadata, metrics, meanings, inputs: { train: 'x' } }),
    },
  };
}

const compare = (runs: Run[], at: Workspace = workspace) =>
  compareRuns(
    at,
    runs.map((run) => ({ reference: run.name ?? run.id, run })),
  );

test('a better run: parameters, artifacts, the place where they part, losses with their interval, samples side by side', async () => {
  const runs = testRuns(
    await evaluatedRun('short', {}),
    await evaluatedRun('long', {
      nats: NATS.map((nats, i) => nats - 1 - (i % 3)),
      sample: 'Once there',
      train: { manifest: 'c'.repeat(64), parameters: { steps: 20 }, environment: { backend: 'native' }, seconds: 9 },
    }),
  );
  const comparison = await compare(runs);
  expect(comparison.runs.map(({ reference, name, collected }) => [reference, name, collected])).toEqual([
    ['short', 'short', ['train']], // whose artifact this test does not store
    ['long', 'long', ['train']],
  ]);
  expect(comparison.parameters).toEqual([{ step: 'train', path: 'steps', values: [10, 20] }]);
  expect(comparison.environments).toEqual([{ step: 'train', path: 'backend', values: [null, 'native'] }]);
  expect(comparison.divergences).toEqual([null, { step: 'train', causes: ['parameter steps', 'environment backend'] }]);
  expect(comparison.artifacts.map(({ step, same, files }) => [step, same, files])).toEqual([
    ['chunk', true, []],
    ['train', false, []],
    ['evaluate', false, ['documents.arrow', 'samples.arrow']],
  ]);
  expect(comparison.artifacts[1]!.seconds).toEqual([2, 9]);
  const [bits, nats] = comparison.losses;
  expect([bits!.measure, nats!.measure]).toEqual(['bits per byte', 'nats per token']);
  const less = NATS.reduce((sum, _, i) => sum + 1 + (i % 3), 0);
  expect(bits!.differences[1]).toMatchObject({ verdict: 'better', paired: true });
  expect(bits!.differences[1]!.difference).toBeCloseTo(-less / Math.LN2 / 2000, 12);
  expect(nats!.differences[1]!.difference).toBeCloseTo(-less / 500, 12);
  const metric = comparison.metrics.find(({ name }) => name === 'bitsPerByte')!;
  expect(metric).toMatchObject({ step: 'evaluate', better: 'lower', verdicts: [null, 'better'] });
  expect(metric.differences[1]).toBeCloseTo(bits!.differences[1]!.difference, 12);
  expect(comparison.samples).toMatchObject([{ method: 'greedy', prompt: 'Once', texts: ['Once upon', 'Once there'] }]);
});

test('a difference within the noise of documents is unclear, and none at all is the same', async () => {
  const runs = testRuns(
    await evaluatedRun('a', {}),
    await evaluatedRun('b', { nats: NATS.map((nats, i) => nats + (i % 2 === 0 ? 1 : -0.98)) }),
    await evaluatedRun('c', {}),
  );
  const { losses, divergences } = await compare(runs);
  expect(losses[0]!.differences.map((each) => each?.verdict)).toEqual([undefined, 'unclear', 'same']);
  expect(divergences[2]).toBeNull();
});

test('with another tokenizer, losses per token are refused and bits per byte compared, which is said', async () => {
  const runs = testRuns(
    await evaluatedRun('a', {}),
    await evaluatedRun('b', {
      nats: NATS.map((nats) => nats - 2),
      tokens: NATS.map(() => 8),
      tokenizer: 'tokenizer-2',
    }),
  );
  const { losses, metrics, notices } = await compare(runs);
  expect(losses.map(({ measure }) => measure)).toEqual(['bits per byte']);
  expect(losses[0]!.differences[1]).toMatchObject({ verdict: 'better', paired: true });
  const difference = (name: string) => metrics.find((metric) => metric.name === name)!.differences[1];
  expect(difference('loss')).toBeNull();
  expect(difference('bitsPerByte')).toBeLessThan(0);
  expect(notices.join()).toMatch(
    /a and run b have different tokenizers: losses per token are not compared, bits per byte are instead/,
  );
});

test('a metric is judged by what it says of itself, wherever it is from, and not at all where it says nothing', async () => {
  const evaluation = (accuracy: number, meanings?: StepRun['meanings']): Partial<Run> => ({
    steps: {
      evaluate: testStep('evaluate', {
        metrics: { accuracy, reward: accuracy, size: accuracy },
        ...(meanings && { meanings }),
      }),
    },
  });
  const meanings: StepRun['meanings'] = {
    accuracy: { better: 'higher' },
    reward: { better: 'higher', unit: 'nats per token', perToken: true },
    size: { unit: 'bytes' },
  };
  const runs = testRuns(evaluation(0.5, meanings), evaluation(0.75, meanings));
  const { metrics } = await compare(runs);
  expect(metrics).toMatchObject([
    { name: 'accuracy', better: 'higher', unit: null, differences: [null, 0.25], verdicts: [null, null] },
    { name: 'reward', better: 'higher', unit: 'nats per token', differences: [null, null] }, // of texts that may differ
    { name: 'size', better: null, unit: 'bytes', differences: [null, 0.25] },
  ]);
  expect(formatComparison(await compare(runs))).toMatch(/evaluate\.accuracy .* higher is better/);
  const before = await compare(testRuns(evaluation(0.5), evaluation(0.75)));
  for (const { better, unit, verdicts } of before.metrics) {
    expect({ better, unit, verdicts }).toEqual({ better: null, unit: null, verdicts: [null, null] });
  }
});

test('over another text, losses per token are refused, and bits per byte have the noise of both texts, which is said', async () => {
  const runs = testRuns(
    await evaluatedRun('a', {}),
    await evaluatedRun('b', { nats: NATS.slice(5).map((nats) => nats - 2), text: 'text-2' }),
  );
  const { losses, metrics, notices } = await compare(runs);
  expect(losses.map(({ measure }) => measure)).toEqual(['bits per byte']);
  expect(losses[0]!.differences[1]).toMatchObject({ paired: false });
  expect(losses[0]!.documents).toEqual([50, 45]);
  expect(metrics.find(({ name }) => name === 'loss')!.differences[1]).toBeNull();
  expect(notices.join()).toMatch(/evaluated on different text: losses per token are not compared\. Bits per byte are/);
});

test('a run whose artifacts were collected is compared by what the ledger keeps, which is said', async () => {
  const at = emptyWorkspace();
  const runs = testRuns(
    await evaluatedRun('kept', {}, at),
    await evaluatedRun('lost', { nats: NATS.map((nats) => nats + 1), chunk: { code: 'code-2' } }, at),
  );
  rmSync(blobPath(at.store, runs[1]!.steps['evaluate']!.manifest));
  const comparison = await compare(runs, at);
  expect(comparison.runs[1]!.collected).toEqual(['train', 'evaluate']);
  expect(comparison.notices.join('\n')).toMatch(
    /run lost: the artifacts of train, evaluate are no longer in the store; parameters, metrics, times and digests are compared, losses by document and samples are not/,
  );
  expect(comparison.losses[0]!.differences[1]).toBeNull();
  expect(comparison.metrics.find(({ name }) => name === 'loss')!.differences[1]).toBeCloseTo(0.1, 12);
  expect(comparison.samples[0]!.texts).toEqual(['Once upon', null]);
  expect(comparison.artifacts[0]).toMatchObject({ step: 'chunk', same: true, sameCode: false });
});

test('a run that was not evaluated, and one of another pipeline, are compared in what they have', async () => {
  const [evaluated, trained] = testRuns(await evaluatedRun('a', {}), await evaluatedRun('b', {}));
  const { evaluate: _, ...steps } = trained!.steps;
  const { notices, metrics } = await compare([evaluated!, { ...trained!, steps, step: 'train', pipeline: 'other' }]);
  expect(notices.join('\n')).toMatch(/run b was not evaluated: it ended with train/);
  expect(notices.join('\n')).toMatch(/run b is of pipeline other, run a of toy/);
  expect(metrics.find(({ name }) => name === 'loss')!.values[1]).toBeNull();
});

test('as text for a terminal and as Markdown that GitHub shows', async () => {
  const runs = testRuns(
    await evaluatedRun('a', {}),
    await evaluatedRun('b', { nats: NATS.map((nats) => nats + 3), sample: 'Once <b>|\\ two\nlines' }),
  );
  const comparison = await compare(runs);
  const text = formatComparison(comparison);
  expect(text).toMatch(
    /train +bits per byte +0\.8\d+ +0\.9\d+ +\+0\.1\d+ +\+1\d\.\d % +\+0\.1\d+ … \+0\.1\d+ +worse +50/,
  );
  expect(text).toMatch(/They first diverge at evaluate: nothing that is known/); // whose parameters are the same
  expect(text).toMatch(/ {4}Once upon +│ Once <b>\|\\ two\n +│ lines/);
  for (const line of text.split('\n')) expect(line.length).toBeLessThan(160);
  const markdown = markdownComparison(comparison);
  expect(markdown).toContain('| evaluate.bitsPerByte |');
  expect(markdown).toContain('| Once upon | Once &#60;b&#62;&#124;&#92; two<br>lines |');
  for (const line of markdown.split('\n').filter((each) => each.startsWith('|'))) expect(line.endsWith('|')).toBe(true);
});

test('samples that are the same in all runs are counted, the others shown', async () => {
  const both = await compareRunsOf('Once upon', 'Once upon');
  expect(formatComparison(both)).toContain('All 1 are the same in all runs.');
  expect(formatComparison(both)).not.toContain('prompt "Once"');
  expect(markdownComparison(both)).not.toContain('<details>');
  const other = await compareRunsOf('Once upon', 'Once there');
  const texts = [...other.samples, { ...other.samples[0]!, prompt: 'Then', texts: ['Then so', 'Then so'] }];
  for (const format of [formatComparison, markdownComparison]) {
    const text = format({ ...other, samples: texts });
    expect(text).toMatch(/1 of 2 are the same in all runs/);
    expect(text).toContain('prompt ');
    expect(text).not.toContain('Then so');
  }
  expect(formatComparison(other)).not.toContain('are the same in all runs');
});

test.each([60, 80, 100, 170])(
  'in a terminal of %i columns lines fit, a first look at samples stands for all, and the verdict comes last',
  async (columns) => {
    const runs = testRuns(
      await evaluatedRun('a', { sample: `Once upon ${'a time there was '.repeat(40)}` }),
      await evaluatedRun('b', { nats: NATS.map((nats) => nats + 3), sample: `Once ${'there was a time '.repeat(40)}` }),
    );
    const comparison = await compare(runs);
    const [sample] = comparison.samples;
    const samples = ['train', 'quantize'].flatMap((model) =>
      ['Once', 'Then', 'So'].flatMap((prompt) =>
        ['greedy', 'top-p'].map((method) => ({ ...sample!, model, prompt, method })),
      ),
    );
    const text = formatComparison({ ...comparison, samples }, { columns });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    expect([...text.matchAll(/^ {2}(\S+), (\S+),\sprompt "(\w+)"/gm)].map((match) => match.slice(1))).toEqual([
      ['quantize', 'top-p', 'Once'],
      ['quantize', 'top-p', 'Then'],
    ]);
    expect(text).toMatch(/ {2}10 more differ; --samples=all shows all of them, whole\./);
    expect(text.match(/…$/gm)!.length).toBeGreaterThan(0);
    expect(text.split('\n').length).toBeLessThan(90);
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/^ {2}train +nats per token.* worse/);
    const all = formatComparison({ ...comparison, samples }, { columns, samples: 'all' });
    expect(all.match(/prompt "/g)).toHaveLength(12);
    expect(all).not.toMatch(/more differ|^ +… *│/m);
    const none = formatComparison({ ...comparison, samples }, { columns, samples: 0 });
    expect(none).not.toContain('prompt "');
    expect(none).toContain('12 more differ');
  },
);

test('how many samples are shown is a number, or all', () => {
  expect(['all', '0', '12', undefined].map(parseSampleChoice)).toEqual(['all', 0, 12, undefined]);
  for (const wrong of ['-1', '', 'some', '1.5'])
    expect(() => parseSampleChoice(wrong)).toThrow(/--samples=[^]*expected: +all, or a whole number/);
});

async function compareRunsOf(...samples: string[]) {
  const runs: Partial<Run>[] = [];
  for (const sample of samples) runs.push(await evaluatedRun(sample, { sample })); // one store, one after the other
  return compare(testRuns(...runs));
}

test('names, notes, parameters and samples can neither command a terminal nor write into a comment', async () => {
  const evil = '\u001b]8;;http://evil\u0007@everyone\u202e\n| <img src=x> [a](http://evil) `x`\t# 1';
  const runs = testRuns(
    { ...(await evaluatedRun('a', {})), notes: evil },
    await evaluatedRun('#1', {
      sample: `Once ${evil}`,
      train: { manifest: 'c'.repeat(64), parameters: { [evil]: evil }, environment: { backend: evil } },
    }),
  );
  const comparison = await compare(runs);
  const text = formatComparison(comparison);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Control}\u202e]/u);
  expect(text).toContain(
    'train.\\u001b]8;;http://evil\\u0007@everyone\\u202e\\n| <img src=x> [a](http://evil) `x`\\t# 1',
  );
  const markdown = markdownComparison(comparison);
  expect(markdown.replaceAll('\n', '')).not.toMatch(/[\p{Control}\u202e]|@everyone|:\/\/|<img|`|\]\(/u);
  expect(markdown).toContain('&#91;a&#93;(http:\u2060//evil)');
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
  for (const row of rows) expect(row.split(' | ').length).toBeGreaterThan(1);
  expect(markdown.split('\n').filter((line) => /^(- |#+ |\||<\/?(details|summary)>|$)/.test(line) === false)).toEqual(
    [],
  );
  expect(comparison.runs[0]!.notes).toBe(evil); // what is kept stays as it is
});
