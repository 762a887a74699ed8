import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { expect, test } from 'vitest';
import { samplingGenerator } from './random-stream.ts';

const draws = (seed: number, sample?: number) => {
  const rng = samplingGenerator(seed, sample);
  return Array.from({ length: 4 }, () => uniformFloat64(rng));
};

test('the stream of a seed is what it was when artifacts were made with it', () => {
  expect(draws(1)).toEqual([0.6733513204152738, 0.14988076400019745, 0.792949879615224, 0.3384436706680739]);
});

test('the first sample has the stream of the seed', () => {
  for (const seed of [0, 1, 2 ** 31 - 1]) expect(draws(seed, 0)).toEqual(draws(seed));
});

test('samples and seeds have streams of their own, the same each time', () => {
  const all = [0, 1, 2, 10].flatMap((seed) => [0, 1, 2, 10].map((sample) => draws(seed, sample).join()));
  expect(new Set(all).size).toBe(16);
  expect(draws(10, 2)).toEqual(draws(10, 2));
});

test('first draws of neighbouring samples are spread over the unit interval', () => {
  const tenths = Array.from({ length: 200 }, (_, sample) => Math.floor(draws(1, sample)[0]! * 10));
  expect(new Set(tenths).size).toBe(10);
});
