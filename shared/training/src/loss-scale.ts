/**
 * @file Dynamic loss scaling (Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740): where factors of products have 16 bits, gradients are those of
 * the loss times a scale, so that small ones do not vanish. The scale doubles now and then; where a factor overflows, it halves and the step changes
 * nothing. What it is follows from the log alone, which checkpoints hold.
 */
import { globalNorm } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { LogRow } from './log.ts';

export interface LossScaleRule {
  /** Of the first step. */
  initial: number;
  /** It doubles after so many steps in turn without an overflow. */
  doublesAfter: number;
  /** An overflow at this scale is none of the scale. */
  least: number;
}

/** As PyTorch's `GradScaler` begins. A thousand steps and not two: of a short run, half would have the scale that it began with. */
export const LOSS_SCALE: LossScaleRule = { initial: 2 ** 16, doublesAfter: 1000, least: 1 };

/** Larger ones would let the sum of squares overflow float32 before gradients do 16 bits. */
const LARGEST = 2 ** 24;

/** The scale of the step after the log's. */
export function nextLossScale(log: readonly LogRow[], { initial, doublesAfter, least }: LossScaleRule): number {
  const last = log.at(-1);
  if (last?.lossScale === undefined) return initial;
  const { lossScale } = last;
  if (last.isSkipped === true) return Math.max(least, lossScale / 2);
  const first = log.findLastIndex((row) => row.lossScale !== lossScale || row.isSkipped === true) + 1;
  return log.length - first < doublesAfter ? lossScale : Math.min(LARGEST, 2 * lossScale);
}

/** How many steps of the log changed nothing. */
export const skippedSteps = (log: readonly LogRow[]): number =>
  log.filter(({ isSkipped }) => isSkipped === true).length;

/** Whether a factor of any product was too large for 16 bits since the active backend forgot it: every norm is infinite then. */
export async function hasOverflowed(): Promise<boolean> {
  const norm = tf.tidy(() => globalNorm([tf.scalar(0)]));
  try {
    return (await norm.data())[0] === Infinity;
  } finally {
    norm.dispose();
  }
}
