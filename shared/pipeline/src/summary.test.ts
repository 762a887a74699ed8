import { expect, test } from 'vitest';
import { formatSummary } from './summary.ts';
import { testRun, testStep } from './testing/runs.ts';

const EVIL = '\u001b]52;c;cm0=\u0007\u009b2J\u202e';
const SHOWN = '\\u001b]52;c;cm0=\\u0007\\u009b2J\\u202e';

test('what a document, a licence, a sample, a name or a description says cannot command the terminal', () => {
  const run = {
    ...testRun({
      name: EVIL,
      substitution: `stands in ${EVIL}`,
      steps: {
        download: testStep('download', { highlights: { [`data${EVIL}`]: `licence: ${EVIL}\tMIT` } }),
        evaluate: testStep('evaluate', { highlights: { sample: `Once\r\nupon\ra${EVIL}\n\n\ttime` } }),
      },
    }),
    id: '20260131-094512-tavo',
    revision: 0,
    finishedAt: '2026-01-31T09:45:12.000Z',
  };
  const text = formatSummary(run, `A description ${EVIL}`);
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Control}\u202e]/u);
  expect(text).toContain(`pipeline toy · run 20260131-094512-tavo (${SHOWN})`);
  expect(text).toContain(`\nA description ${SHOWN}\n`);
  expect(text).toContain(`\n  data${SHOWN}`);
  expect(text).toContain(`licence: ${SHOWN}    MIT\n`);
  expect(text).toContain(`\n  sample\n    Once\n    upon\\u000da${SHOWN}\n\n        time\n`);
  expect(text).toContain(`!! stands in ${SHOWN}`);
  expect(run.steps['evaluate']!.highlights['sample']).toContain('\u001b'); // what is kept stays as it is
});

const finished = { id: '20260131-094512-tavo', revision: 0, finishedAt: '2026-01-31T09:45:12.000Z' };

/** The commands that a summary ends with. */
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/^ {2}(npx arrowsmith .*?)(?: {3}|$)/gm)].map(([, command]) => command!);

test('it ends with commands that go on: text from the model, the page, the comparison', () => {
  const evaluate = testStep('evaluate', { parameters: { prompts: ["Tom's cat, once", 'other'] } });
  const run = { ...testRun({ steps: { train: testStep('train'), evaluate } }), ...finished };
  expect(commandsIn(formatSummary(run, '', { isFirst: false }))).toEqual([
    `npx arrowsmith generate "Tom's cat, once"`,
    'npx arrowsmith report',
    'npx arrowsmith compare',
  ]);
});

test('in a terminal lines fit, and break between words', () => {
  const words = 'some words of a sentence that goes on and on '.repeat(6).trim();
  const steps = { train: testStep('train', { highlights: { note: words.slice(0, 90), sample: words } }) };
  const run = { ...testRun({ steps, substitution: words }), ...finished };
  const text = formatSummary(run, words, { columns: 60 });
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  expect(text.replaceAll(/\s+/g, ' ').split(words)).toHaveLength(4); // description, sample, substitution
});

test('a first run has nothing to be compared with: the command makes something', () => {
  const run = {
    ...testRun({ steps: { big: testStep('big', { makes: ['model'], parameters: { seed: 1 } }) } }),
    ...finished,
  };
  expect(commandsIn(formatSummary(run, '', { isFirst: true }))).toEqual([
    'npx arrowsmith generate',
    'npx arrowsmith report',
    'npx arrowsmith run toy --big.seed=2',
  ]);
});

test('the run to compare with has its changed parameters, as a shell reads them, and the seed after its own', () => {
  const changes = {
    'big.seed': 7,
    'evaluate.prompts': ["It's"],
    'download.source.path': 'my texts/*.txt',
    'big.name': '5',
  };
  const run = {
    ...testRun({ changes, steps: { big: testStep('big', { makes: ['model'], parameters: { seed: 7 } }) } }),
    ...finished,
  };
  expect(commandsIn(formatSummary(run, '', { isFirst: true })).at(-1)).toBe(
    `npx arrowsmith run toy --big.seed=8 --evaluate.prompts='["It'\\''s"]' --download.source.path='my texts/*.txt' --big.name='"5"'`,
  );
});

test.each(['a "quoted" $HOME', '`id`', 'two\nlines', EVIL, 'x'.repeat(200)])(
  'a prompt that a shell would read otherwise is not in the command: %j',
  (prompt) => {
    const evaluate = testStep('evaluate', { parameters: { prompts: [prompt] } });
    const run = { ...testRun({ steps: { train: testStep('train'), evaluate } }), ...finished };
    expect(commandsIn(formatSummary(run))[0]).toBe('npx arrowsmith generate');
  },
);

test('no text is offered of a run without a model, or of a model that reads pictures', () => {
  const ofPictures = testStep('train', { metadata: { config: JSON.stringify({ vision: { patches: 4 } }) } });
  for (const steps of [{ count: testStep('count') }, { train: ofPictures }] as Record<string, typeof ofPictures>[])
    expect(commandsIn(formatSummary({ ...testRun({ steps }), ...finished })).join()).not.toContain('generate');
});

test.each([80, 170, Infinity])('a sample has a block of its own, however short it is: %d columns', (columns) => {
  const highlights = { loss: '2.5', 'sample (train, greedy)': 'The end.', samples: '1 of 1 ends by itself' };
  const two = {
    evaluate: testStep('evaluate', { highlights }),
    again: testStep('again', { stage: 'evaluate', highlights }),
  };
  for (const steps of [{ evaluate: two.evaluate }, two]) {
    const text = formatSummary({ ...testRun({ steps }), ...finished }, '', { columns });
    expect(text).toMatch(
      / samples +1 of 1 ends by itself\n\n  (evaluate: )?sample \(train, greedy\)\n    The end\.\n\n/,
    );
    expect(text.match(/sample \(train, greedy\)\n    The end\.\n\n/g)).toHaveLength(Object.keys(steps).length);
  }
});

test.each([60, 80, 100, 170])('samples stay within a terminal of %i columns, and within 104 elsewhere', (columns) => {
  const sample = Array.from({ length: 80 }, (_, i) => `word${i}`).join(' ');
  const run = { ...testRun({ steps: { train: testStep('train', { highlights: { sample } }) } }), ...finished };
  const longest = (text: string): number =>
    Math.max(
      ...text
        .split('\n')
        .filter((line) => line.includes('word'))
        .map(({ length }) => length),
    );
  expect(longest(formatSummary(run, '', { columns }))).toBeLessThanOrEqual(Math.min(columns, 104));
  expect(longest(formatSummary(run))).toBeGreaterThan(90);
});
