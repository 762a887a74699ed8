import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { batchOrder, countTargets, evenlySpread, readBatch } from './data.ts';
import { contextLength, countingRows, splitOf } from './testing/tiny-run.ts';

const steps = (order: (step: number) => number[], from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => order(from + i)).flat();

describe('batchOrder', () => {
  const sizes = fc.record({
    rows: fc.integer({ min: 1, max: 40 }),
    batchSize: fc.integer({ min: 1, max: 50 }),
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  });

  test('reads every row once an epoch, whatever the batch size', () => {
    fc.assert(
      fc.property(sizes, ({ rows, batchSize, seed }) => {
        const read = steps(batchOrder({ rows, batchSize, seed }), 1, Math.ceil((3 * rows) / batchSize));
        for (let epoch = 0; epoch < 3; epoch++) {
          const sorted = read.slice(epoch * rows, (epoch + 1) * rows).sort((a, b) => a - b);
          expect(sorted).toEqual(Array.from({ length: rows }, (_, row) => row));
        }
      }),
      { seed: 1 },
    );
  });

  test('gives a step the same rows whichever steps were asked for before', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 30 }), (options, from) => {
        const whole = batchOrder(options);
        const uninterrupted = steps(whole, 1, from + 3).slice((from - 1) * options.batchSize);
        expect(steps(batchOrder(options), from, from + 3)).toEqual(uninterrupted);
        expect(whole(1)).toEqual(batchOrder(options)(1));
      }),
      { seed: 1 },
    );
  });

  test('shuffles each epoch and each seed differently', () => {
    const epochs = batchOrder({ rows: 30, batchSize: 30, seed: 1 });
    const other = batchOrder({ rows: 30, batchSize: 30, seed: 2 });
    expect(new Set([epochs(1), epochs(2), other(1), other(2)].map((order) => order.join())).size).toBe(4);
  });

  test('puts every row in every place equally often', () => {
    const rows = 4;
    const counts = Array.from({ length: rows }, () => [0, 0, 0, 0]);
    const order = batchOrder({ rows, batchSize: rows, seed: 3 });
    const epochs = 4000;
    for (let epoch = 1; epoch <= epochs; epoch++) order(epoch).forEach((row, place) => counts[row]![place]!++);
    // Each count is binomial(4000, 1/4): mean 1000, deviation 27.4. Four deviations, for 16 counts of a fixed seed.
    for (const count of counts.flat()) expect(Math.abs(count - epochs / rows)).toBeLessThan(110);
  });
});

test('evenlySpread covers a split from its first row on, without repetition', () => {
  expect(evenlySpread(10, 4)).toEqual([0, 2, 5, 7]);
  expect(evenlySpread(3, 4)).toEqual([0, 1, 2]);
});

describe('readBatch', () => {
  const rows = countingRows(3);
  const withToken = (row: number, position: number, id: number) =>
    splitOf(rows.map((tokens, r) => tokens.map((token, i) => (r === row && i === position ? id : token))));

  test('returns what the split holds', async () => {
    const { inputs, targets } = await readBatch(splitOf(rows), [2, 0], 23);
    expect(Array.from(inputs)).toEqual([...rows[2]!.slice(0, -1), ...rows[0]!.slice(0, -1)]);
    expect(Array.from(targets)).toEqual([...rows[2]!.slice(1), ...rows[0]!.slice(1)]);
  });

  test.each([23, -1])('names row, position and id of an input %i outside the vocabulary', async (id) => {
    const reading = readBatch(withToken(2, 4, id), [0, 2], 23);
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(`row 2, input 4`);
    await expect(reading).rejects.toThrow(`id ${id}`);
  });

  test('allows a target of −1, which is padding, and no other target outside the vocabulary', async () => {
    const { targets } = await readBatch(withToken(1, contextLength, -1), [1], 23);
    expect(countTargets(targets)).toBe(contextLength - 1);
    await expect(readBatch(withToken(1, contextLength, -2), [1], 23)).rejects.toThrow('row 1, target 11');
    await expect(readBatch(withToken(1, contextLength, 23), [1], 23)).rejects.toThrow('id 23');
  });
});
