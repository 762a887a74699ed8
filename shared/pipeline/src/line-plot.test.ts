import { expect, test } from 'vitest';
import { linePlot } from './line-plot.ts';

test('a falling line goes from the highest value at the top left to the lowest at the bottom right', () => {
  const values = [8, 6, 4, 2];
  expect(linePlot(values, { width: 20, height: 4, unicode: false })).toEqual([
    ' 8.00 + *',
    '      |  *',
    '      |   *',
    ' 2.00 +    *',
  ]);
});

test('braille draws two by four dots in a character', () => {
  // Eight values in eight rows of dots: four characters wide, two lines high.
  const lines = linePlot([7, 6, 5, 4, 3, 2, 1, 0], { width: 40, height: 2, unicode: true });
  expect(lines).toEqual([' 7.00 ┤ ⠑⢄', ' 0.00 ┤   ⠑⢄']);
});

test('a jump is a line without gaps', () => {
  expect(linePlot([3, 0], { width: 20, height: 4, unicode: false })).toEqual([
    ' 3.00 + *',
    '      |  *',
    '      |  *',
    ' 0.00 +  *',
  ]);
});

test('where there are more values than columns each column shows the mean of its own', () => {
  const lines = linePlot([4, 2, 1, 1], { width: 10, height: 2, unicode: false });
  expect(lines).toEqual([' 3.00 + *', ' 1.00 +  *']);
});

test('no line is wider than asked for, and a level line is drawn at the bottom', () => {
  const many = Array.from({ length: 5000 }, (_, i) => 9 / (1 + i / 100));
  for (const unicode of [true, false])
    for (const width of [12, 40, 79])
      for (const line of linePlot(many, { width, height: 6, unicode })) expect(line.length).toBeLessThanOrEqual(width);
  expect(linePlot([2, 2, 2], { width: 20, height: 3, unicode: false }).at(-1)).toBe(' 2.00 + ***');
  expect(linePlot([2], { width: 20, height: 3, unicode: false })).toEqual([]);
});
