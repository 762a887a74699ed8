import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { Automaton } from './automaton.ts';
import { regularExpression, regularExpressionWithin } from './regular-expression.ts';

/** Expressions of all that the subset has, over few characters. */
const { expression } = fc.letrec<{ expression: string; term: string; atom: string }>((tie) => ({
  expression: fc
    .array(fc.array(tie('term'), { maxLength: 2 }), { minLength: 1, maxLength: 2 })
    .map((options) => options.map((terms) => terms.join('')).join('|')),
  term: fc
    .tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '{1,3}', '*?', '+?'))
    .map(([atom, quantifier]) => atom + quantifier),
  atom: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.constantFrom('a', 'b', 'é', '😀', '.', '\\.', '\\n', '\\x61', '\\u00e9', '\\u{1f600}', '\\ud83d\\ude00', '\\cJ'),
    fc.constantFrom('[ab]', '[^a]', '[^]', '[a-é]', '[\\]a]', '\\w', '\\W', '\\d', '\\S', '\\s', '[]'),
    tie('expression').map((inner) => `(${inner})`),
    tie('expression').map((inner) => `(?:${inner})`),
  ),
}));

const text = fc
  .array(fc.constantFrom('a', 'b', 'é', '😀', '.', '\n', '7', ' ', 'Ω', ']'), { maxLength: 6 })
  .map((each) => each.join(''));

const matches = (source: string, texts: readonly string[], within = false): boolean[] => {
  const read = within ? regularExpressionWithin : regularExpression;
  try {
    const automaton = new Automaton(read(source));
    return texts.map((each) => automaton.matches(each));
  } catch (error) {
    // Only an empty class matches nothing at all.
    expect(source).toContain('[]');
    expect(`${String(error)}`).toContain('no output can follow');
    return texts.map(() => false);
  }
};

describe('agrees with JavaScript', () => {
  test('on whole texts', () => {
    fc.assert(
      fc.property(expression, fc.array(text, { minLength: 10, maxLength: 10 }), (source, texts) => {
        const whole = new RegExp(`^(?:${source})$`, 'u');
        expect(matches(source, texts)).toEqual(texts.map((each) => whole.test(each)));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('on texts within which it is found, anchored or not', () => {
    const anchor = (sign: string) => fc.constantFrom('', sign);
    const anchored = fc
      .array(fc.tuple(anchor('^'), expression, anchor('$')), { minLength: 1, maxLength: 2 })
      .map((options) => options.map(([start, inner, end]) => `${start}(?:${inner})${end}`).join('|'));
    fc.assert(
      fc.property(anchored, fc.array(text, { minLength: 10, maxLength: 10 }), (source, texts) => {
        const found = new RegExp(source, 'u');
        expect(matches(source, texts, true)).toEqual(texts.map((each) => found.test(each)));
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});

test.each([
  ['^ab$', 'ab', true],
  ['^a|b$', 'b', true],
  ['(\\d{3}-)?\\d{4}', '555-1234', true],
  ['(\\d{3}-)?\\d{4}', '55-1234', false],
  ['(?<year>\\d{4})', '2026', true],
  ['[^"]*', 'a"', false],
  ['', '', true],
  ['\\p{Lu}\\P{Lu}+', 'Ωa7é😀', true],
  ['\\p{Lu}+', 'Ωa', false],
  ['\\/\\.\\x2d', '/.-', true],
])('%s and %j', (source, given, expected) => {
  expect(new Automaton(regularExpression(source)).matches(given)).toBe(expected);
});

test.each([
  ['a(?=b)', 'a look-around'],
  ['(?<!a)b', 'a look-around'],
  ['(a)\\1', 'a backreference'],
  ['(?<x>a)\\k<x>', 'a backreference'],
  ['\\bword', 'a word boundary'],
  ['a^b', 'an anchor within'],
  ['(a$)b', 'an anchor within'],
  ['a(', 'no regular expression'],
  ['[b-a]', 'no regular expression'],
])('%s is refused: %s', (source, message) => {
  expect(() => regularExpression(source)).toThrow(UserError);
  expect(() => regularExpression(source)).toThrow(message);
});

test('what nothing matches, and what is too large, are errors', () => {
  expect(() => new Automaton(regularExpression('a[]'))).toThrow('no output can follow');
  expect(() => new Automaton(regularExpression('((a{1000}){1000})'))).toThrow('too large');
});
