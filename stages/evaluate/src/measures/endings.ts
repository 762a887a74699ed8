/** @file Which samples come to an end by themselves. */
import type { Metric } from '@arrowsmith/pipeline/stage';

/** The share of samples that the model ended, rather than the context or the limit of tokens. */
export function endingMetrics(samples: readonly { finished: boolean }[]): Record<string, Metric> {
  if (samples.length === 0) return {};
  return {
    sampleEnded: { value: samples.filter(({ finished }) => finished).length / samples.length, better: 'higher' },
  };
}
