import { expect, test } from 'vitest';
import type { LogRow } from './log.ts';
import { LOSS_SCALE, nextLossScale, skippedSteps } from './loss-scale.ts';

const RULE = { initial: 64, doublesAfter: 3, least: 1 };

/** The scales of steps, of which some overflow. */
function scalesOf(
  steps: number,
  overflows: (step: number, scale: number) => boolean,
): { scales: number[]; log: LogRow[] } {
  const log: LogRow[] = [];
  for (let step = 1; step <= steps; step++) {
    const lossScale = nextLossScale(log, RULE);
    const isSkipped = overflows(step, lossScale);
    const row = { step, tokens: step, trainLoss: 1, learningRate: 1, gradientNorm: 1, validationLoss: null, lossScale };
    log.push(isSkipped ? { ...row, isSkipped } : row);
  }
  return { scales: log.map(({ lossScale }) => lossScale!), log };
}

test('the scale doubles after so many steps without an overflow, and counts anew then', () => {
  expect(scalesOf(8, () => false).scales).toEqual([64, 64, 64, 128, 128, 128, 256, 256]);
});

test('it halves with each overflow, and steps count from there', () => {
  const { scales, log } = scalesOf(12, (step) => [2, 3, 5, 10].includes(step));
  expect(scales).toEqual([64, 64, 32, 16, 16, 8, 8, 8, 16, 16, 8, 8]);
  expect(skippedSteps(log)).toBe(4);
});

test('a scale that overflows is come back to', () => {
  const { scales } = scalesOf(9, (_, scale) => scale > 64);
  expect(scales).toEqual([64, 64, 64, 128, 64, 64, 64, 128, 64]);
});

test('it is never less than the least, nor doubled beyond 2²⁴', () => {
  expect(scalesOf(9, () => true).scales).toEqual([64, 32, 16, 8, 4, 2, 1, 1, 1]);
  expect(Math.max(...scalesOf(100, () => false).scales)).toBe(2 ** 24);
});

test('a log of another precision says nothing of the scale', () => {
  const row = { step: 1, tokens: 1, trainLoss: 1, learningRate: 1, gradientNorm: 1, validationLoss: null };
  expect(nextLossScale([row], LOSS_SCALE)).toBe(2 ** 16);
});
