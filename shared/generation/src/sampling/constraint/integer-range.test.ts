import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Automaton } from './automaton.ts';
import { NEVER } from './expression.ts';
import { integerBetween } from './integer-range.ts';

test('exactly the integers between the bounds, written without zeros before them', () => {
  const bound = fc.oneof(
    fc.integer({ min: -1200, max: 1200 }),
    fc.constantFrom(-100, -99, 0, 9, 10, 99, 100, 999, 1000),
  );
  fc.assert(
    fc.property(bound, bound, (a, b) => {
      const [least, most] = [Math.min(a, b), Math.max(a, b)];
      const automaton = new Automaton(integerBetween(least, most));
      for (let each = least - 30; each <= most + 30; each += 1 + Math.floor(Math.abs(most - each) / 40)) {
        expect([each, automaton.matches(`${each}`)]).toEqual([each, least <= each && each <= most]);
      }
      expect([least, most].map((each) => automaton.matches(`${each}`))).toEqual([true, true]);
      expect(['-0', '007', '', '-'].some((each) => automaton.matches(each))).toBe(false);
    }),
    { seed: 1 },
  );
});

test('bounds may be no integers, or none', () => {
  const between = (least: number, most: number) => new Automaton(integerBetween(least, most));
  expect(['1', '2', '3'].map((each) => between(1.5, 2.5).matches(each))).toEqual([false, true, false]);
  const all = between(-Infinity, Infinity);
  expect(['0', '-999999999999999', '123456789012345'].every((each) => all.matches(each))).toBe(true);
  expect(all.matches('1234567890123456')).toBe(false);
  expect(integerBetween(3, 2)).toBe(NEVER);
  expect(integerBetween(2.1, 2.9)).toBe(NEVER);
});
