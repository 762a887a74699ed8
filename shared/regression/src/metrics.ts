/** @file What the gate guards: the numbers that say of themselves that a fault would show in them (@arrowsmith/pipeline, metric.ts). */
import type { Guard } from '@arrowsmith/pipeline';
import type { Direction } from './interval.ts';

/** A guarded number, by `step.metric`. */
export interface Metric {
  name: string;
  label: string;
  /** exact: follows from the data alone and is the same in every run. interval: depends on the seed of training. */
  rule: 'exact' | 'interval';
  /** Where it may go without harm. A loss may go nowhere: a mask that leaks the future makes it lower. */
  direction: Direction;
}

/** How the gate compares a metric. */
export const metricOf = (name: string, guard: Guard): Metric => ({
  name,
  label: labelOf(name),
  rule: guard === 'exact' ? 'exact' : 'interval',
  direction: guard === 'exact' ? 'both' : guard,
});

/** `evaluate.train.bitsPerByte` in words: `bits per byte of train (evaluate)`. */
export function labelOf(name: string): string {
  const [step = '', ...rest] = name.split('.');
  const words = rest
    .at(-1)!
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])|(?<=[a-z])(?=\d)|(?<=\d)(?=of\d)/g, ' ')
    .toLowerCase();
  return `${words}${rest.length > 1 ? ` of ${rest[0]}` : ''} (${step})`;
}
