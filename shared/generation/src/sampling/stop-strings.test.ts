import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stopStrings } from './stop-strings.ts';

/** The definition: all before the first place where a stop string is complete, less the longest that is. */
function textBefore(text: string, stop: readonly string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const complete = stop.filter((each) => text.slice(0, end).endsWith(each));
    if (complete.length > 0) return text.slice(0, end - Math.max(...complete.map((each) => each.length)));
  }
  return text;
}

const passedOn = (pieces: readonly string[], stop: readonly string[]) => {
  const stops = stopStrings(stop);
  const passed = pieces.map((piece) => stops.push(piece));
  return { passed, rest: stops.flush(), found: stops.found };
};

/** Few letters, so that strings are often found, begun, and contained in each other. */
const letters = fc.constantFrom('a', 'b', 'é', '😀');
const word = fc.array(letters, { minLength: 1, maxLength: 4 }).map((each) => each.join(''));
const texts = fc.array(fc.array(letters, { maxLength: 4 }).map((each) => each.join('')));

describe('properties', () => {
  test('the text is the same whatever pieces it comes in', () => {
    fc.assert(
      fc.property(texts, fc.array(word, { maxLength: 3 }), (pieces, stop) => {
        const { passed, rest, found } = passedOn(pieces, stop);
        const text = pieces.join('');
        expect(passed.join('') + rest).toBe(textBefore(text, stop));
        expect(found !== undefined).toBe(stop.some((each) => text.includes(each)));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('no more is held back than may become a stop string', () => {
    fc.assert(
      fc.property(texts, fc.array(word, { maxLength: 3 }), (pieces, stop) => {
        const { rest } = passedOn(pieces, stop);
        expect(rest === '' || stop.some((each) => each.length > rest.length && each.startsWith(rest))).toBe(true);
      }),
      { seed: 2, numRuns: 1000 },
    );
  });
});

test('a stop string that straddles pieces is no part of the text', () => {
  expect(passedOn(['Hello\n', '\nHum', 'an: hi'], ['\n\nHuman:'])).toEqual({
    passed: ['Hello', '', ''],
    rest: '',
    found: '\n\nHuman:',
  });
});

test('what looked like one is passed on once it is none, and at the end', () => {
  expect(passedOn(['a<', 'en', 'x', '<e'], ['<end>'])).toEqual({
    passed: ['a', '', '<enx', ''],
    rest: '<e',
    found: undefined,
  });
});

test('the first that is complete counts, and the longest of those', () => {
  expect(passedOn(['xabcd'], ['abcd', 'bc'])).toMatchObject({ passed: ['xa'], found: 'bc' });
  expect(passedOn(['xabc'], ['bc', 'abc'])).toMatchObject({ passed: ['x'], found: 'abc' });
});

test('where a piece may not stop, what it completes is text; what it begins may be completed later', () => {
  const stops = stopStrings(['aba']);
  expect([stops.push('aba', false), stops.push('ba', true), stops.push('c')]).toEqual(['ab', '', '']);
  expect(stops.found).toBe('aba');
});

test('without stop strings nothing is held back', () => {
  expect(passedOn(['a', 'b'], [])).toEqual({ passed: ['a', 'b'], rest: '', found: undefined });
});
