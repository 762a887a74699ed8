import { expect, test } from 'vitest';
import { ngramCounter } from './five-gram.ts';

/** Tokens with some structure: the next depends on the last two, or is any. */
function tokensOf(length: number, vocabularySize: number, seed: number): Int32Array {
  let state = seed;
  const below = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const tokens = new Int32Array(length);
  for (let i = 2; i < length; i++) {
    tokens[i] =
      below(4) === 0 ? below(vocabularySize) : (3 * tokens[i - 1]! + tokens[i - 2]! + below(2)) % vocabularySize;
  }
  return tokens;
}

/** Interpolated modified Kneser-Ney by its formulas, over maps of n-grams. */
function formula(tokens: Int32Array, order: number, vocabularySize: number) {
  const grams = (n: number) => {
    const counts = new Map<string, number>();
    for (let i = 0; i + n <= tokens.length; i++) {
      const gram = tokens.slice(i, i + n).join(' ');
      counts.set(gram, (counts.get(gram) ?? 0) + 1);
    }
    return counts;
  };
  const values = Array.from({ length: order + 1 }, (_, n) => {
    if (n === order) return grams(n);
    const behind = new Map<string, number>();
    for (const longer of grams(n + 1).keys()) {
      const gram = longer.split(' ').slice(1).join(' ');
      behind.set(gram, (behind.get(gram) ?? 0) + 1);
    }
    return behind;
  });
  const discounts = values.map((counts) => {
    const [n1, n2, n3, n4] = [1, 2, 3, 4].map((r) => [...counts.values()].filter((value) => value === r).length);
    if (!n1 || !n2 || !n3 || !n4) return [0, 0.5, 0.5, 0.5]; // too little for an estimate
    const y = n1! / (n1! + 2 * n2!);
    return [0, 1 - (2 * y * n2!) / n1!, 2 - (3 * y * n3!) / n2!, 3 - (4 * y * n4!) / n3!];
  });
  const probability = (context: number[], token: number): number => {
    const lower = context.length === 0 ? 1 / vocabularySize : probability(context.slice(1), token);
    const counts = values[context.length + 1]!;
    const d = discounts[context.length + 1]!;
    const following = Array.from({ length: vocabularySize }, (_, w) => counts.get([...context, w].join(' ')) ?? 0);
    const total = following.reduce((a, b) => a + b, 0);
    if (total === 0) return lower;
    const freed = following.reduce((sum, value) => sum + d[Math.min(value, 3)]!, 0);
    const value = following[token]!;
    return (value - d[Math.min(value, 3)]!) / total + (freed / total) * lower;
  };
  return probability;
}

const V = 40;
const TRAINING = tokensOf(9000, V, 7);

test('probabilities are those of the formulas of modified Kneser-Ney', () => {
  const counter = ngramCounter({ order: 3, vocabularySize: V });
  counter.add(TRAINING.subarray(0, 1000));
  counter.add(TRAINING.subarray(1000)); // in any pieces
  const model = counter.model();
  const expected = formula(TRAINING, 3, V);
  for (let i = 0; i < 60; i++) {
    const context = [(i * 5) % V, (i * 7 + 3) % V];
    expect(model.probability(context, i % V)).toBeCloseTo(expected(context, i % V), 10);
  }
});

test.each([[[]], [[3]], [[1, 2, 3, 4]], [[0, 0, 0, 0, 0, 0]], [[11, 5, 11, 5]]])(
  'the probabilities behind %j sum to 1, whether it was seen or not',
  (context) => {
    const counter = ngramCounter({ order: 5, vocabularySize: V });
    counter.add(TRAINING.subarray(0, 600));
    const model = counter.model();
    const sum = Array.from({ length: V }, (_, token) => model.probability(context, token)).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(1, 12);
  },
);

test('of no text, all tokens are equally likely', () => {
  const model = ngramCounter({ order: 5, vocabularySize: 8 }).model();
  expect(model.nats(Int32Array.of(1, 2, 3))).toBeCloseTo(3 * Math.log(8), 12);
});

test('the loss over a stream is that of its tokens behind what came before, in any pieces', () => {
  const counter = ngramCounter({ order: 3, vocabularySize: V });
  counter.add(TRAINING);
  const held = tokensOf(50, V, 99);
  const whole = counter.model().nats(held);
  const model = counter.model();
  expect(model.nats(held.subarray(0, 20)) + model.nats(held.subarray(20))).toBeCloseTo(whole, 10);
  const one = [...held].map(
    (token, i) => -Math.log(model.probability([...held.subarray(Math.max(0, i - 2), i)], token)),
  );
  expect(one.reduce((a, b) => a + b, 0)).toBeCloseTo(whole, 8);
  expect(whole / 50).toBeLessThan(Math.log(V));
});
