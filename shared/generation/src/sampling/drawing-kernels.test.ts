import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { expect, test } from 'vitest';
import { tokenLogProbabilities } from './log-probabilities.ts';
import { samplingGenerator } from './random-stream.ts';
import { likeliestToken, rankedTokens, rankTokens } from './rank.ts';
import { sampleToken } from './sample.ts';
import { totalWeight } from './weights.ts';

const hasKernels = resolveBackend('auto') === 'native';

const rng = samplingGenerator(5);
const random = (size: number, least: number, most: number) =>
  Float32Array.from({ length: size }, () => least + (most - least) * uniformFloat64(rng));

/** Of all sizes; some with equal logits, with excluded ones, and with a part of other logits as their memory. */
const VOCABULARIES = [1, 2, 9, 64, 65, 700, 2048, 5003].flatMap((size) => {
  const plain = random(size, -6, 6);
  const excluded = plain.map((logit, id) => (id % 3 === 1 ? -Infinity : logit));
  return [plain, plain.map(Math.round), excluded, random(size + 3, -30, 0).subarray(3)];
});

const FILTERS = [
  { temperature: 0, topK: 0, topP: 1 },
  { temperature: 1, topK: 0, topP: 1 },
  { temperature: 0.8, topK: 40, topP: 0.95 },
  { temperature: 1.5, topK: 0, topP: 0.99 },
  { temperature: 2, topK: 0, topP: 1, minP: 0.02 },
  { temperature: 1e-300, topK: 0, topP: 0.5 },
];

/** All that is told of logits. */
function told(logits: Float32Array) {
  const draws = samplingGenerator(3);
  const likeliest = likeliestToken(logits);
  return {
    likeliest,
    ranked: Array.from(rankedTokens(logits)),
    first: [1, 5, 64, 1000].map((count) => Array.from(rankTokens(logits, count))),
    weights: [0.01, 0.8, 1, 7].map((temperature) => totalWeight(logits, logits[likeliest]!, temperature)),
    drawn: FILTERS.map((filters) => Array.from({ length: 20 }, () => sampleToken(logits, filters, draws))),
    logProbabilities: tokenLogProbabilities(logits, 0, 20),
  };
}

test.runIf(hasKernels)('kernels tell the same of logits, to the bit, as there is without', async () => {
  await useBackend('cpu');
  const without = VOCABULARIES.map(told);
  await useBackend('native');
  expect(VOCABULARIES.map(told)).toEqual(without);
});

test.each(['cpu', 'native'] as const)('a NaN is no likeliest token, and nothing is drawn (%s)', async (backend) => {
  if (backend === 'native' && !hasKernels) return;
  await useBackend(backend);
  const logits = random(900, -1, 1);
  logits[777] = NaN;
  expect(likeliestToken(logits)).toBe(-1);
  expect(() => sampleToken(logits, FILTERS[1]!, samplingGenerator(1))).toThrow('no distribution over the next token');
});
