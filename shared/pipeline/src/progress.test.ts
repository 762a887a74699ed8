import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { printAbove, showLine } from './live-line.ts';
import { duration, type ProgressOptions, startProgress } from './progress.ts';

/** Progress with a clock that the test winds, and what it wrote. */
function watched(label: string, options: ProgressOptions, isTTY = false, env: NodeJS.ProcessEnv = {}) {
  let time = 5_000_000;
  let text = '';
  const output = { isTTY, columns: 100, write: (part: string) => void (text += part) };
  const progress = startProgress(label, options, output, () => time, { LANG: 'C.UTF-8', ...env });
  const at = (seconds: number, done: number, suffix?: string) => {
    time = 5_000_000 + 1000 * seconds;
    progress.update(done, suffix);
  };
  const end = (seconds: number) => {
    time = 5_000_000 + 1000 * seconds;
    progress.end();
  };
  return { at, end, written: () => text, lines: () => text.split('\n').slice(0, -1) };
}

describe('without a terminal', () => {
  test('there is a line every ten seconds and a last one, however often the work reports', () => {
    const { at, end, lines } = watched('train', { total: 600, unit: 'steps' });
    for (let i = 0; i < 600; i++) at(i / 20, i); // 20 steps a second, for 30 seconds
    end(30);
    expect(lines()).toEqual([
      'train: 200 of 600 steps, 20 steps/s, 20s left',
      'train: 400 of 600 steps, 20 steps/s, 10s left',
      'train: 599 steps in 30s',
    ]);
  });

  test('work that takes less than ten seconds has the last line only', () => {
    const { at, end, lines } = watched('encode train', { total: 4, unit: 'rows' });
    for (const i of [1, 2, 3, 4]) at(i, i);
    end(4.5);
    expect(lines()).toEqual(['encode train: 4 rows in 4.5s']);
  });

  test('the name of a file and what the work says stay on their line and command nothing', () => {
    const { at, end, lines } = watched('download a\u001b[2Jb\n.txt', { total: 2, unit: 'bytes' });
    at(0, 0);
    at(10, 1, 'from \u009b1A\r');
    end(11);
    expect(lines()).toEqual([
      'download a\\u001b[2Jb\\n.txt: 1 B of 2 B, 0 B/s, 10s left, from \\u009b1A\\r',
      'download a\\u001b[2Jb\\n.txt: 1 B in 11s, from \\u009b1A\\r',
    ]);
  });

  test('after a silence there is one line, not one for every ten seconds missed', () => {
    const { at, lines } = watched('train', { total: 10, unit: 'steps' });
    at(0, 0);
    at(35, 1);
    at(36, 2);
    at(44, 3);
    at(45, 4);
    expect(lines().map((line) => line.split(',')[0])).toEqual(['train: 1 of 10 steps', 'train: 4 of 10 steps']);
  });

  test('what the work says about itself comes last', () => {
    const { at, end, lines } = watched('train', { total: 100, unit: 'steps' });
    at(0, 0, 'loss 6.931');
    at(10, 50, 'loss 2.310');
    at(15, 75, 'loss 2.200');
    end(20);
    expect(lines()).toEqual([
      'train: 50 of 100 steps, 5 steps/s, 10s left, loss 2.310',
      'train: 75 steps in 20s, loss 2.200',
    ]);
  });

  test('bytes are shown as kB and MB', () => {
    const { at, end, lines } = watched('download', { total: 8_000_000, unit: 'bytes' });
    at(0, 0);
    at(10, 1_500_000);
    end(12);
    expect(lines()).toEqual(['download: 1.5 MB of 8 MB, 150 kB/s, 44s left', 'download: 1.5 MB in 12s']);
  });

  test('where the total is unknown there is no time left', () => {
    const { at, lines } = watched('read', { unit: 'documents' });
    at(0, 0);
    at(10, 12_345);
    expect(lines()).toEqual(['read: 12,345 documents, 1,235 documents/s']);
  });

  test('slow work has a rate with a digit, long work has minutes left', () => {
    const { at, lines } = watched('train', { total: 1000, unit: 'steps' });
    at(0, 0);
    at(40, 10); // 990 steps left, at 4 seconds each
    expect(lines()).toEqual(['train: 10 of 1,000 steps, 0.3 steps/s, 1h 6m left']);
  });

  test('what was done before an interruption does not count for the rate and the time left', () => {
    const { at, lines } = watched('train', { total: 1000, unit: 'steps' });
    at(2, 901);
    at(12, 951);
    expect(lines()).toEqual(['train: 951 of 1,000 steps, 5 steps/s, 10s left']);
  });

  test('before there is a rate there is only the count', () => {
    const { at, lines } = watched('train', { total: 100, unit: 'steps' });
    at(12, 1);
    expect(lines()).toEqual(['train: 1 of 100 steps']);
  });
});

describe('on a terminal', () => {
  /** What is on the line at last, and everything before that it showed. */
  const shownLines = (text: string): string[] =>
    text.split('\r').map((line) => stripVTControlCharacters(line).split('\n')[0]!);

  test('there is a bar that redraws itself, with share, count, rate, time left and what the work says', () => {
    const { at, end, written } = watched('read', { total: 200, unit: 'steps' }, true);
    at(0, 0);
    at(10, 100, 'loss 2.310');
    expect(shownLines(written()).at(-1)).toBe(
      `read ${'━'.repeat(12)}${'─'.repeat(12)} 50%  100 of 200 steps, 10 steps/s, loss 2.310, 10s left`,
    );
    end(10);
    expect(written().endsWith('\r\u001b[Kread: 100 steps in 10s, loss 2.310\n')).toBe(true);
    expect(written().split('\n')).toHaveLength(2); // the bar never left its line
  });

  test.each([40, 60, 80, 100, 170])('of %i columns no line is as wide as it', (columns) => {
    const { at, written } = watched('train', { total: 2000, unit: 'steps' }, false, {
      ARROWSMITH_TERMINAL: String(columns),
    });
    at(0, 0);
    at(60, 1240, 'loss 1.532, validation 1.601, 8,100 tokens/s');
    const last = shownLines(written()).at(-1)!;
    expect(last.length).toBeLessThan(columns);
    expect(last).toMatch(columns < 80 ? /^train ━+/ : /^train ━+.*loss 1\.532.*tokens\/s, .*left$/);
  });

  test('behind a pipe it is the terminal at its end that counts', () => {
    const { at, written } = watched('read', { total: 2, unit: 'rows' }, false, { ARROWSMITH_TERMINAL: '80' });
    at(1, 1);
    expect(written().startsWith('\r\u001b[Kread ━')).toBe(true);
  });

  test('it is redrawn ten times a second, however often the work reports', () => {
    const { at, written } = watched('train', { total: 1000, unit: 'steps' }, true);
    for (let i = 0; i < 1000; i++) at(i / 1000, i);
    expect(written().split('\r').length - 1).toBeLessThanOrEqual(11);
  });

  test('a terminal that cannot redraw a line gets lines, one of ASCII gets ASCII', () => {
    const dumb = watched('read', { total: 2, unit: 'rows' }, true, { TERM: 'dumb' });
    dumb.at(0, 0);
    dumb.at(10, 1);
    expect(dumb.written()).toBe('read: 1 of 2 rows, 0.1 rows/s, 10s left\n');
    const ascii = watched('read', { total: 2, unit: 'rows' }, true, { LANG: 'C' });
    ascii.at(0, 1);
    expect(ascii.written()).toContain('read [============            ] 50%');
  });

  test('the bar never goes over its end', () => {
    const { at, written } = watched('read', { total: 10, unit: 'rows' }, true);
    at(1, 11);
    expect(shownLines(written()).at(-1)).toContain(`${'━'.repeat(24)} 100%`);
  });

  test('where the total is unknown there are lines, for a bar has no end to go to', () => {
    const { at, end, written } = watched('read', { unit: 'rows' }, true);
    at(1, 11);
    end(2);
    expect(written()).toBe('read: 11 rows in 2s\n');
  });

  test('what is printed meanwhile stands above the bar', () => {
    const lines: string[] = [];
    const output = { isTTY: true, columns: 80, write: (text: string) => void lines.push(text) };
    showLine('bar 1', 80, output);
    printAbove(() => output.write('a note\n'), output);
    expect(lines).toEqual(['\r\u001b[Kbar 1', '\r\u001b[K', 'a note\n', '\r\u001b[Kbar 1']);
  });
});

test('durations are short and never negative', () => {
  expect([0, 0.4, 850, 12_345, 59_940, 125_000, 3_960_000, -5].map(duration)).toEqual([
    '0ms',
    '1ms',
    '850ms',
    '12.3s',
    '59.9s',
    '2m 5s',
    '1h 6m',
    '0ms',
  ]);
});
