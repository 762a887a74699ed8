/** @file The sort of tokens by expert on the backend webgpu, of few choices by one workgroup and of many by several, beside a sort in JavaScript. */
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { sortByExpert } from './sort-by-expert.ts';

beforeAll(() => useBackend('webgpu'));

/** Choices of no pattern, of which low experts have more, and some none. */
const choicesOf = (count: number, experts: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => {
    const word = Math.imul(i + 1, 0x9e3779b1) >>> 0;
    return Math.floor((word / 2 ** 32) ** 2 * experts);
  });

/** Rows of an expert are in the tokens' order, experts one after the other. */
function sorted(choices: Int32Array, tokens: number, experts: number) {
  const order = Array.from(choices, (_, i) => i).sort((a, b) => choices[a]! - choices[b]! || a - b);
  const slots = new Int32Array(choices.length);
  for (const [slot, i] of order.entries()) slots[i] = slot;
  const counts = Array.from({ length: experts }, () => 0);
  for (const expert of choices) counts[expert]! += 1;
  const offsets = Int32Array.from({ length: experts + 1 }, (_, e) => counts.slice(0, e).reduce((a, b) => a + b, 0));
  return { slots, offsets, load: Float32Array.from(counts, (count) => count / tokens) };
}

test.each([
  [1, 1, 1],
  [3, 2, 5],
  [128, 2, 8],
  [257, 1, 3],
  [129, 2, 8],
  [333, 3, 7],
  [300, 4, 300],
  [1000, 1, 1],
  [4096, 2, 8],
  [4096, 8, 64],
  [20_000, 8, 128],
])('%d tokens that choose %d of %d experts', async (tokens, k, experts) => {
  const choices = choicesOf(tokens * k, experts);
  const found = sortByExpert(tf.tensor2d(choices, [tokens, k], 'int32'), experts);
  const [slots, offsets, load] = await Promise.all([found.slots.data(), found.offsets.data(), found.load.data()]);
  const expected = sorted(choices, tokens, experts);
  expect(offsets).toEqual(expected.offsets);
  expect(slots).toEqual(expected.slots);
  // A quotient may be off by two and a half units in the last place.
  for (const [e, share] of expected.load.entries())
    expect(Math.abs(load[e]! - share)).toBeLessThanOrEqual(3e-7 * share);
});

test('memory that is used again has nothing of what was sorted before', async () => {
  for (const turn of [0, 1, 2]) {
    const choices = choicesOf(900 + turn, 9).toReversed();
    const { slots } = sortByExpert(tf.tensor2d(choices, [900 + turn, 1], 'int32'), 9);
    expect(await slots.data()).toEqual(sorted(choices, 900 + turn, 9).slots);
    slots.dispose();
  }
});
