import { expect, test } from 'vitest';
import { lineFigure, type Series } from './line-figure.ts';

const STEPS = 100_000;
const steps = Array.from({ length: STEPS }, (_, i) => i + 1);
const series = (label: string, points: Series['points']): Series => ({ label, color: 1, points });

test('very many steps are thinned, but what is rare and what is not finite is kept, and the page says so', () => {
  const { text } = lineFigure({
    id: 'log',
    title: 'Log',
    x: 'step',
    panels: [
      {
        title: 'Loss',
        series: [
          series(
            'training',
            steps.map((step) => [step, step === 777 ? NaN : 1 + 1 / step]),
          ),
          series(
            'validation',
            steps.filter((step) => step % 9973 === 0).map((step) => [step, 1]),
          ),
        ],
      },
    ],
    source: 'log.arrow',
  });
  const rows = text.match(/<tr><th>\d+<td>.*/g)!;
  expect(rows.length).toBeGreaterThan(STEPS / 3);
  expect(rows.length).toBeLessThan(STEPS / 1.9);
  expect(text).toContain('Every 2nd of 100,000 steps, plotted and in this table.');
  expect(rows.filter((row) => row.endsWith('<td>1'))).toHaveLength(10);
  expect(rows.find((row) => row.startsWith('<tr><th>777<'))).toBe('<tr><th>777<td>NaN<td>');
  expect(rows.at(-1)).toBe('<tr><th>100000<td>1.00001<td>');
});

test('steps of different lines stand in one order, and what one of them lacks is empty', () => {
  const { text } = lineFigure({
    id: 'log',
    title: 'Log',
    x: 'step',
    panels: [
      {
        title: 'Loss',
        series: [
          series('a', [
            [2, 1],
            [10, 2],
          ]),
          series('b', [
            [1, 3],
            [10, 4],
          ]),
        ],
      },
    ],
    source: 'log.arrow',
  });
  expect(text.match(/<tr><th>\d+<td>.*/g)).toEqual([
    '<tr><th>1<td><td>3',
    '<tr><th>2<td>1<td>',
    '<tr><th>10<td>2<td>4',
  ]);
});
