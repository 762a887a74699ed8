import { expect, test } from 'vitest';
import { printAbove, showLine } from '@arrowsmith/pipeline/terminal';
import { withoutChrome } from './nx-output.ts';

/** What a person sees, however what Nx printed is cut into chunks. */
function shown(text: string, size = text.length, isOurs?: (line: string) => boolean): string {
  let all = '';
  const output = withoutChrome((part) => (all += part), isOurs);
  for (let i = 0; i < text.length; i += size) output.push(text.slice(i, i + size));
  output.end();
  return all;
}

/** As Nx 23.2 prints a run of which some is cached. */
const RUN = `
 NX   Running target smoke for project pipeline and 6 tasks it depends on:



✔  nx run download:smoke  [existing outputs match the cache, left as is]
✔  nx run tokenizer:smoke  [local cache]

> nx run train:smoke --steps=20

> node --enable-source-maps .work/code/train.mjs smoke\r
\r
train: 41,120 parameters
train: done in 1.1s

> nx run pipeline:smoke

> node --enable-source-maps .work/code/complete-run.mjs smoke\r
\r

pipeline smoke · run 20261129-172653-bake

  sample
    Once upon a time

    > nx run away, said Tom.

  stage           time   artifact




 NX   Successfully ran target smoke for project pipeline and 6 tasks it depends on


  Run duration:      27.4s
  Cache:             0/7 hit (0%)
  Critical path:     27.3s (7 tasks)
  Recoverable time:  <1ms

  Recommendations:
    - Speed up or split the longest tasks on the critical path:
        train:tinystories    5m 44s

train:smoke is run 20261129-173942-pari
`;

const OURS = `train: 41,120 parameters
train: done in 1.1s

pipeline smoke · run 20261129-172653-bake

  sample
    Once upon a time

    > nx run away, said Tom.

  stage           time   artifact

train:smoke is run 20261129-173942-pari
`;

test.each([1, 2, 7, 64, 10_000])('what stages print is left, in chunks of %d characters', (size) => {
  expect(shown(RUN, size)).toBe(OURS);
});

const COLOURED = RUN.replace(/^> nx run .*$/gm, '\u001b[2m$&\u001b[22m').replace(
  /^ NX {3}/gm,
  ' \u001b[36m\u001b[7m NX \u001b[27m\u001b[39m  ',
);

test('with colours, too', () => {
  expect(shown(COLOURED.replaceAll('\u001b[7m NX ', '\u001b[7mNX '))).toBe(OURS);
});

test('a line that redraws itself is shown at once, and stays in its place', () => {
  const parts: string[] = [];
  const output = withoutChrome((part) => parts.push(part));
  output.push('> nx run train:smoke\n\ntrain: begins\n');
  output.push('\r\u001b[Ktrain 1%');
  expect(parts.join('')).toBe('train: begins\n\r\u001b[Ktrain 1%');
  expect(output.isWithinLine()).toBe(true);
  output.push('\r\u001b[Ktrain 2%\r\u001b[K');
  output.push('train: done\n\n\n NX   Successfully ran target smoke for project train\n');
  output.end();
  expect(parts.join('')).toBe('train: begins\n\r\u001b[Ktrain 1%\r\u001b[Ktrain 2%\r\u001b[Ktrain: done\n');
  expect(output.isWithinLine()).toBe(false);
});

test('the live line is seen at once again after something was printed above it', () => {
  let seen = '';
  const output = withoutChrome((part) => (seen += part));
  const stage = { write: (text: string) => output.push(text) };
  output.push('> nx run train:smoke\n\n');
  showLine('train 7%', 80, stage);
  printAbove(() => stage.write('\nafter 40 steps the model writes: …\n'), stage);
  expect(seen.endsWith('\r\u001b[Ktrain 7%')).toBe(true);
  showLine('train 8%', 80, stage);
  expect(seen.endsWith('\r\u001b[Ktrain 8%')).toBe(true);
});

test('what is said of failed tasks is left out, and kept for where nothing else is said', () => {
  const text = ` NX   Running target x for project pipeline and 6 tasks it depends on failed

Tasks not run because their dependencies failed or --nx-bail=true:

- pipeline:x

Failed tasks:

- download:x

Hint: run the command with --verbose for more details.
`;
  let all = '';
  const output = withoutChrome((part) => (all += part));
  output.push(`\nerror: no file matches nothere.txt\n  to do:     put files there\n\n${text}`);
  output.end();
  expect(all).toBe('error: no file matches nothere.txt\n  to do:     put files there\n');
  expect(output.dropped()).toContain('Failed tasks:\n- download:x');
});

test('what is said of output that Nx did not show is left out', () => {
  const withheld = `  npx arrowsmith compare   what changed since the run before

 NX   Successfully ran target smoke for project pipeline and 6 tasks it depends on

Nx read the output from the cache instead of running the command for 3 out of 7 tasks.

Output of 6 successful tasks were not shown. Run with --verbose or --output-style=static to see it.

`;
  expect(shown(withheld, 5)).toBe('  npx arrowsmith compare   what changed since the run before\n');
  const stopped = `train: begins

 NX   Running target smoke for project pipeline and 6 tasks it depends on did not complete

Tasks not run because their dependencies failed or --nx-bail=true:

- pipeline:smoke

Tasks stopped before they finished:

- train:smoke


Output of 3 successful tasks and 1 stopped task were not shown. Run with --verbose or --output-style=static to see it.
Hint: run the command with --verbose for more details.

`;
  expect(shown(stopped, 3)).toBe('train: begins\n');
  for (const counts of ['1 skipped', '2 stopped', '3 skipped, 1 stopped'])
    expect(shown(` NX   Successfully ran target x for project pipeline\n\n${counts}\n\nours\n`)).toBe('ours\n');
});

test('advice of Nx is left out, whatever it is', () => {
  const advice = (lines: string) =>
    `  Run duration:      41.2s\n  Cache:             Skipped (--skip-nx-cache)\n\n${lines}\n`;
  const one =
    '  Recommendation: Drastically reduce your run duration by sharing a cache across your team and CI → https://x.y.';
  const several = `  Recommendations:
    - Increase parallelism to recover up to 3.2s → https://x.y.
    - Cache: drop --skip-nx-cache to restore unchanged tasks instantly.
    - Distribute across machines with Nx Agents → https://x.y.
    - Speed up or split the longest tasks on the critical path:
        evaluate:tinystories    5m 44s`;
  for (const lines of [one, several]) expect(shown(advice(lines))).toBe('');
});

test('a line that is unknown is shown, and so is the last one without an end', () => {
  expect(shown(' NX   Something new\n\n  at graph.js:1\nlast')).toBe(' NX   Something new\n\n  at graph.js:1\nlast\n');
});

test('a line that is said elsewhere is left out', () => {
  expect(shown('a\nstopped\nb\n', 3, (line) => line === 'stopped')).toBe('a\nb\n');
});
