import { expect, test } from 'vitest';
import { formatSummary } from './summary.ts';
import { testRun, testStage } from './testing/runs.ts';

const EVIL = '\u001b]52;c;cm0=\u0007\u009b2J\u202e';
const SHOWN = '\\u001b]52;c;cm0=\\u0007\\u009b2J\\u202e';

test('what a document, a licence, a sample, a name or a description says cannot command the terminal', () => {
  const run = {
    ...testRun({
      name: EVIL,
      substitution: `stands in ${EVIL}`,
      stages: {
        download: testStage('download', { highlights: { [`data${EVIL}`]: `licence: ${EVIL}\tMIT` } }),
        evaluate: testStage('evaluate', { highlights: { sample: `Once\r\nupon\ra${EVIL}\n\n\ttime` } }),
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
  expect(text).toContain(`\n  sample\n    Once\n    upon\\u000da${SHOWN}\n\n    time\n`);
  expect(text).toContain(`!! stands in ${SHOWN}`);
  expect(run.stages['evaluate']!.highlights['sample']).toContain('\u001b'); // what is kept stays as it is
});
