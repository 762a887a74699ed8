/** @file How much texts repeat themselves. */
import type { Metric } from '@arrowsmith/pipeline/stage';
import { wordsOf } from './words.ts';

/**
 * The share of different n-grams of words among all, over all texts together: distinct-n (Li et al. 2016, https://arxiv.org/abs/1510.03055).
 * @returns null where no text has n words
 */
export function distinctNgrams(texts: readonly string[], n: number): number | null {
  const all = texts.flatMap((text) => ngramsOf(text, n));
  return all.length === 0 ? null : new Set(all).size / all.length;
}

/**
 * The share of n-grams that stand earlier in the same text, over all texts (the sequence-level repetition of Welleck et al. 2020,
 * https://arxiv.org/abs/1908.04319, with n = 4).
 * @returns null where no text has n words
 */
export function repeatedNgrams(texts: readonly string[], n: number): number | null {
  const grams = texts.map((text) => ngramsOf(text, n));
  const all = grams.reduce((sum, { length }) => sum + length, 0);
  const distinct = grams.reduce((sum, each) => sum + new Set(each).size, 0);
  return all === 0 ? null : 1 - distinct / all;
}

function ngramsOf(text: string, n: number): string[] {
  const words = wordsOf(text);
  return Array.from({ length: Math.max(0, words.length - n + 1) }, (_, i) => words.slice(i, i + n).join(' '));
}

/** The metrics of samples by which runs are compared: a text that goes in circles has few distinct and many repeated n-grams. */
export function repetitionMetrics(samples: readonly string[]): Record<string, Metric> {
  const metrics: [string, number | null, Metric['better']][] = [
    ['sampleDistinct1', distinctNgrams(samples, 1), 'higher'],
    ['sampleDistinct2', distinctNgrams(samples, 2), 'higher'],
    ['sampleDistinct4', distinctNgrams(samples, 4), 'higher'],
    ['sampleRepeated4grams', repeatedNgrams(samples, 4), 'lower'],
  ];
  return Object.fromEntries(
    metrics.flatMap(([name, value, better]) => (value === null ? [] : [[name, { value, better } as Metric]])),
  );
}
