/** @file Tests of the template language. */

import { describe, expect, test } from 'vitest';
import { compile, finish, render, type Teller } from './template.ts';

/** A teller that takes the alternatives in the given order, always the first one after that. */
function teller(choices: number[] = [], fields: Record<string, string> = {}): Teller {
  return {
    below: () => choices.shift() ?? 0,
    lookup: (role, field) => compile(fields[`${role}.${field}`] ?? `<${role}.${field}>`),
  };
}

const tell = (source: string, choices?: number[], fields?: Record<string, string>) =>
  finish(render(compile(source), teller(choices, fields)));

describe('a choice', () => {
  test('takes the alternative that the teller draws', () => {
    expect(tell('a [red|blue|green] ball', [2])).toBe('a green ball');
  });

  test('may nest', () => {
    expect(tell('[one|two [three|four]]', [1, 1])).toBe('two four');
  });

  test('may be empty without leaving a double space or a space before punctuation', () => {
    expect(tell('Tom [|ran] home [|again].')).toBe('Tom home.');
  });

  test('after a question mark is told or left out', () => {
    expect(tell('Tom ran. ?[He [fell|hopped].] He sang.', [0])).toBe('Tom ran. He sang.');
    expect(tell('Tom ran. ?[He [fell|hopped].] He sang.', [1, 0, 1])).toBe('Tom ran. He hopped. He sang.');
  });
});

describe('a slot', () => {
  test('is the name of a role, or another field of it', () => {
    const fields = { 'toy.name': 'ball', 'toy.sound': 'boing' };
    expect(tell('{toy}: {toy.sound}', [], fields)).toBe('ball: boing');
  });

  test('with a capital letter begins a sentence', () => {
    const fields = { 'toy.name': 'ball', 'toy.sound': 'boing', 'hero.he': 'she' };
    expect(tell('{Toy}. {toy.Sound}! {He} laughed.', [], fields)).toBe('Ball. Boing! She laughed.');
  });

  test('may hold a template in turn', () => {
    expect(tell('{toy}', [1], { 'toy.name': '[ball|{hero.his} drum]', 'hero.his': 'his' })).toBe('his drum');
  });
});

test.each([
  ['apple', 'an apple'],
  ['hour', 'an hour'],
  ['honest child', 'an honest child'],
  ['umbrella', 'an umbrella'],
  ['unicorn', 'a unicorn'],
  ['useful hat', 'a useful hat'],
  ['house', 'a house'],
  ['old house', 'an old house'],
])('the article of "%s" makes it "%s"', (noun, phrase) => {
  expect(tell('{a} {x}', [], { 'x.name': noun })).toBe(phrase);
  expect(tell('{A} {x}', [], { 'x.name': noun })).toBe(phrase.replace('a', 'A'));
});

test('a line break is a space, nothing beside a bracket or bar, and a blank line is a new paragraph', () => {
  const source = `One
    two [
      three
      |
      four
    ] five.

    Six.`;
  expect(tell(source, [1])).toBe('One two four five.\n\nSix.');
});

test.each(['[one|two', 'one]', 'one|two', '{toy', 'toy}', '{the toy}'])('"%s" is refused', (source) => {
  expect(() => compile(source)).toThrow(/ at "|is not a slot/);
});
