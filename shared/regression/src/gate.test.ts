import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DOMParser, onErrorStopParsing, type Element } from '@xmldom/xmldom';
import { beforeEach, describe, expect, test } from 'vitest';
import { writeBaseline } from './baseline.ts';
import { gate, type GateRequest } from './gate.ts';
import { toJUnit } from './junit.ts';
import { toMarkdown } from './markdown.ts';
import type { Measured } from './measure.ts';
import { makeReport } from './report.ts';
import { changedRun, declarations, pipeline, recordedBaseline, recordedRun, sha } from './testing/recorded.ts';

let root: string;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gate-'));
  await writeBaseline({ root }, recordedBaseline());
});

/** Runs the gate on a run; returns what it printed and how it ended. */
async function guard(run: Measured, rest: Partial<GateRequest> = {}): Promise<{ printed: string; error: string }> {
  let printed = '';
  const request = { workspace: { root }, declarations, pipeline, run: async () => run, ...rest };
  const error = await gate({ ...request, print: (text) => (printed += `${text}\n`) }).then(
    () => '',
    (thrown: Error) => thrown.message,
  );
  return { printed, error };
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const parse = (xml: string) => new DOMParser({ onError: onErrorStopParsing }).parseFromString(xml, 'text/xml');

describe('a run within the limits', () => {
  test('passes, with a table of all metrics', async () => {
    const { printed, error } = await guard(recordedRun(4));
    expect(error).toBe('');
    expect(printed).toMatch(/regression gate, pipeline ci: all 7 metrics are within the limits/);
    expect(printed).toMatch(/bits per byte of train \(evaluate\) +1\.5771 +1\.5155 to 1\.6504 +−0\.8 +ok$/m);
  });

  test('is run with the pipeline file’s own seed, or the one that is asked for', async () => {
    const seeds: number[] = [];
    const run = async (seed: number) => (seeds.push(seed), recordedRun(1));
    await guard(recordedRun(1), { run });
    await guard(recordedRun(1), { run, seed: 5 });
    expect(seeds).toEqual([1, 5]);
  });

  test('writes Markdown and JUnit XML, adds to a step summary, and leaves what that held', async () => {
    writeFileSync(join(root, 'summary.md'), 'before\n');
    await guard(recordedRun(1), { stepSummary: join(root, 'summary.md') });
    expect(read('.work/regression/ci.md')).toMatch(/^## ✅ Regression gate/);
    expect(read('summary.md')).toMatch(/^before\n## ✅ Regression gate/);
    expect(parse(read('.work/regression/ci.xml')).getElementsByTagName('failure')).toHaveLength(0);
  });

  test('is shown in one format, on the console or in a file, beside the two files that are always there', async () => {
    expect((await guard(recordedRun(1), { format: 'markdown' })).printed).toMatch(
      /^## ✅ Regression gate[^]*Markdown: \.work\/regression\/ci\.md, JUnit XML: \.work\/regression\/ci\.xml\n$/,
    );
    const { printed } = await guard(recordedRun(1), { format: 'junit', output: 'out/gate.xml' });
    expect(printed).toMatch(/^written to out\/gate\.xml\nMarkdown: /);
    expect(parse(read('out/gate.xml')).getElementsByTagName('testcase')).toHaveLength(7);
    await guard(recordedRun(1), { format: 'json', output: 'out/gate.json' });
    expect(JSON.parse(read('out/gate.json'))).toMatchObject({ pipeline: 'ci', passed: true });
    await guard(recordedRun(1), { output: 'out/gate.txt' });
    expect(read('out/gate.txt')).toMatch(/all 7 metrics are within the limits/);
    expect(read('.work/regression/ci.xml')).toMatch(/^<\?xml/);
  });
});

describe('a run outside the limits', () => {
  const worse = changedRun(1, { 'evaluate.train.bitsPerByte': 1.9167, 'evaluate.quantize.bitsPerByte': 1.9169 });

  test('fails: which metric, what was expected and found, how far off, where to look, what to do', async () => {
    const { printed, error } = await guard(worse);
    expect(error).toMatch(/regression: 2 of 7 metrics are not within the limits/);
    expect(error).toMatch(
      /bits per byte of train \(evaluate\) is worse: 1\.9167, expected 1\.\d+ to 1\.\d+, \+4\d\.\d deviations/,
    );
    expect(error).toMatch(/where: [^]*git log[^]*to do: [^]*npx nx run pipeline:baseline --pipeline=ci/);
    expect(printed).toMatch(/bits per byte of quantize \(evaluate\) +1\.9169 .* worse$/m);
  });

  test('leaves reports that say so', async () => {
    await guard(worse);
    expect(read('.work/regression/ci.md')).toMatch(/^## ❌ Regression gate/);
    expect(parse(read('.work/regression/ci.xml')).getElementsByTagName('failure')).toHaveLength(2);
  });

  test('does not touch the baseline', async () => {
    const before = read('pipelines/baselines/ci.json');
    await guard(worse);
    expect(read('pipelines/baselines/ci.json')).toBe(before);
  });
});

test('what cannot be compared is refused before anything runs, and leaves no report', async () => {
  const run = () => Promise.reject(new Error('it ran'));
  const train = pipeline.steps['train']!;
  const steps = { ...pipeline.steps, train: { ...train, parameters: { ...train.parameters, steps: 3 } } };
  expect((await guard(recordedRun(1), { run, pipeline: { ...pipeline, steps } })).error).toMatch(/another experiment/);
  expect((await guard(recordedRun(1), { run, pipeline: { ...pipeline, name: 'other' } })).error).toMatch(
    /no baseline yet/,
  );
  expect(existsSync(join(root, '.work'))).toBe(false);
});

describe('Markdown', () => {
  test('has a table whose rows all have five cells, whatever a name holds', () => {
    const report = makeReport(recordedBaseline(), changedRun(1, { 'train.parameters': 7 }), 12);
    report.verdicts[0]!.label = 'a|b\n<script>';
    const rows = toMarkdown(report)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(2 + report.verdicts.length);
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(7);
    expect(toMarkdown(report)).not.toContain('<script>');
  });

  test('names failures and clues first, and the way to renew the baseline last', () => {
    const text = toMarkdown(
      makeReport(recordedBaseline(), changedRun(1, {}, { digests: { 'tokenizer.merges': sha('b') } }), 12),
    );
    expect(text).toMatch(
      /❌[^]*- merges \(tokenizer\) is changed: bbbbbbbbbbbb, expected aaaaaaaaaaaa[^]*Where to look[^]*\| metric[^]*pipeline:baseline/,
    );
  });
});

describe('JUnit XML', () => {
  const attributes = (element: Element) =>
    Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));

  test('has a test case per metric, and counts that add up', () => {
    const run = changedRun(1, { 'evaluate.train.bitsPerByte': 3 }, { digests: {} });
    const document = parse(toJUnit(makeReport(recordedBaseline(), run, 12.3456)));
    expect(document.documentElement!.tagName).toBe('testsuites');
    const [suite] = document.getElementsByTagName('testsuite');
    expect(attributes(suite!)).toMatchObject({ tests: '7', failures: '1', errors: '1', skipped: '0', time: '12.346' });
    expect(document.getElementsByTagName('testcase')).toHaveLength(7);
    const [failure] = document.getElementsByTagName('failure');
    expect(attributes(failure!.parentNode as Element)).toMatchObject({
      classname: 'regression.ci.evaluate',
      name: 'bits per byte of train (evaluate)',
    });
    expect(failure!.getAttribute('message')).toMatch(/is worse: 3\.0000, expected 1\./);
    expect(failure!.textContent).toMatch(/git log/);
    expect(document.getElementsByTagName('error')).toHaveLength(1);
  });

  test.each([
    ['markup', `<b> & "quotes" 'single' ]]> --> &amp;`, undefined],
    ['line breaks and tabs', 'a\n\tb\r\nc', undefined],
    ['other languages and emoji', 'größer 漢字 🙂', undefined],
    ['control characters, which XML cannot hold', 'a\0b\u001b[31mc\uFFFE', 'a\ufffdb\ufffd[31mc\ufffd'],
    ['half of a surrogate pair', 'a\ud83db', 'a\ufffdb'],
  ])('%s survive a parser', (_, label, expected = label) => {
    const report = makeReport(recordedBaseline(), changedRun(1, { 'download.trainDocuments': 3 }), 1);
    report.verdicts[0]!.label = label;
    const [first] = parse(toJUnit(report)).getElementsByTagName('testcase');
    expect(first!.getAttribute('name')).toBe(expected);
    // Outside an attribute, a parser makes one line feed of a carriage return and a line feed.
    expect(first!.getElementsByTagName('failure')[0]!.textContent).toContain(expected.replaceAll('\r\n', '\n'));
  });
});
