import { expect, test } from 'vitest';
import { UserError } from './user-error.ts';
import { wrapFailure } from './wrap-failure.ts';

const wrapped = (error: UserError, columns: number): string[] =>
  wrapFailure(`error: ${error.message}`, columns).split('\n');

test('lines are broken between words, and go on under the text of their part', () => {
  const error = new UserError({
    what: 'the model gives no distribution over the next token of the text',
    expected: 'finite logits for each token of the vocabulary',
    found: 'none',
  });
  expect(wrapped(error, 40)).toEqual([
    'error: the model gives no distribution',
    '       over the next token of the text',
    '  expected:  finite logits for each',
    '             token of the vocabulary',
    '  found:     none',
  ]);
});

test('a part that has several lines keeps them, each in its column', () => {
  const error = new UserError({ what: 'wrong', found: 'one line of some words\nand another' });
  expect(wrapped(error, 36)).toEqual([
    'error: wrong',
    '  found:     one line of some words',
    '             and another',
  ]);
  expect(wrapped(error, 33)).toEqual([
    'error: wrong',
    '  found:     one line of some',
    '             words',
    '             and another',
  ]);
});

test.each([
  'npx arrowsmith run smoke --train.seed=2',
  `npx arrowsmith generate "Once upon a time"`,
  `npx nx run train:smoke --prompts='["A cat"]'`,
  'npx arrowsmith evaluate latest --text=a.txt',
  'npm run build:native',
  '/a/path/that/has/no/spaces/to/break/it/at.arrow',
  'https://example.org/a/long/path?with=query',
])('what is copied stays in one piece where a line holds it: %s', (whole) => {
  for (const text of [whole, `do the following: ${whole}`, `${whole}, and then look`, `did you mean ${whole}?`]) {
    for (let columns = 13 + whole.length + 1; columns < 100; columns++) {
      const lines = wrapped(new UserError({ what: 'wrong', fix: text }), columns);
      expect(lines.filter((line) => line.includes(whole))).toHaveLength(1);
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    }
  }
});

test('a command that no line holds is broken between its words, and text behind a command is none of it', () => {
  const fix = 'npx arrowsmith run smoke --train.seed=2 --train.steps=100';
  expect(wrapped(new UserError({ what: 'wrong', fix }), 50)).toEqual([
    'error: wrong',
    '  to do:     npx arrowsmith run smoke',
    '             --train.seed=2 --train.steps=100',
  ]);
  expect(wrapped(new UserError({ what: 'wrong', fix: 'npx arrowsmith runs lists all that are there' }), 50)).toEqual([
    'error: wrong',
    '  to do:     npx arrowsmith runs lists all that',
    '             are there',
  ]);
});

test('what fits stays as it is, and so does all where there is hardly any room', () => {
  const text = 'error: wrong\n  where:     here and there and over there';
  expect(wrapFailure(text, 80)).toBe(text);
  expect(wrapFailure(text, 30).split('\n')[1]).toBe('  where:     here and there and over there');
});

test('all words are there, in their order', () => {
  const text = 'error: one  two\n  found:     say "three four" and npx arrowsmith runs\n  to do:     five';
  for (let columns = 20; columns < 60; columns++) {
    expect(wrapFailure(text, columns).split(/\s+/)).toEqual(text.split(/\s+/));
  }
});
