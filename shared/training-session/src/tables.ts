/** @file What a training leaves for those who look at it later: the columns of its tables, and its numbers. */
import { numbers, optionalNumbers } from '@arrowsmith/artifacts';
import type { Metric } from '@arrowsmith/pipeline/stage';
import type { LogRow } from '@arrowsmith/training';

/** A loss as a metric. */
export const lossMetric = (value: number): Metric => ({
  value,
  unit: 'nats per token',
  better: 'lower',
  perToken: true,
});

/** Mean losses over so many parts of the run are points of the curve; single steps depend too much on their batch. */
const CURVE_PARTS = 4;

/** The means of parts of the curve. */
export function curveMetrics(log: readonly LogRow[]): Record<string, Metric> {
  const edge = (part: number) => Math.round((part * log.length) / CURVE_PARTS);
  const parts = Array.from({ length: CURVE_PARTS }, (_, part) => log.slice(edge(part), edge(part + 1)));
  const named = parts.flatMap((part, i) => {
    if (part.length === 0) return [];
    const loss = part.reduce((sum, { trainLoss }) => sum + trainLoss, 0) / part.length;
    return [[`loss${i + 1}of${CURVE_PARTS}`, { ...lossMetric(loss), guard: 'both' } as Metric]];
  });
  return Object.fromEntries(named) as Record<string, Metric>;
}

/** The columns of `trainingLogTable`. */
export const logColumns = (log: readonly LogRow[]) => ({
  step: numbers(Int32Array.from(log, ({ step }) => step)),
  tokens: numbers(Float64Array.from(log, ({ tokens }) => tokens)),
  trainLoss: numbers(Float64Array.from(log, ({ trainLoss }) => trainLoss)),
  learningRate: numbers(Float64Array.from(log, ({ learningRate }) => learningRate)),
  gradientNorm: numbers(Float64Array.from(log, ({ gradientNorm }) => gradientNorm)),
  validationLoss: optionalNumbers(log.map(({ validationLoss }) => validationLoss ?? undefined)),
  granularity: optionalNumbers(log.map(({ granularity }) => granularity)),
  loadImbalance: optionalNumbers(log.map(({ loadImbalance }) => loadImbalance)),
});

/** A row of the log, as those who watch the training get it. One with a validation comes twice: without its loss, and with it. */
export const logValues = ({ step, tokens, trainLoss, learningRate, gradientNorm, validationLoss }: LogRow) => ({
  step,
  tokens,
  trainLoss,
  learningRate,
  gradientNorm: Number.isFinite(gradientNorm) ? gradientNorm : null, // of a step that is skipped
  validationLoss: validationLoss ?? null,
});

/** The columns of `expertLoadTable`. */
export const expertColumns = (log: readonly LogRow[]) => {
  const rows = log.flatMap(({ step, expertLoads = [] }) =>
    expertLoads.flatMap((loads, layer) => loads.map((load, expert) => ({ step, layer, expert, load }))),
  );
  return {
    step: numbers(Int32Array.from(rows, ({ step }) => step)),
    layer: numbers(Int32Array.from(rows, ({ layer }) => layer)),
    expert: numbers(Int32Array.from(rows, ({ expert }) => expert)),
    load: numbers(Float64Array.from(rows, ({ load }) => load)),
  };
};
