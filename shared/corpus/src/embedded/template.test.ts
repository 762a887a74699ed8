/** @file Tests of the template language: what is written, and what is told. */

import { describe, expect, test } from 'vitest';
import { plot, table, tell, type Table } from './story.ts';
import { compile, type Template } from './template.ts';

const girl = (name: string): Table =>
  table([{ name, kind: 'girl', he: 'she', him: 'her', his: 'her', himself: 'herself' }]);
const boy = (name: string): Table =>
  table([{ name, kind: 'boy', he: 'he', him: 'him', his: 'his', himself: 'himself' }]);

/** Tells a text, taking the alternatives in the given order, always the first one after that. */
function told(text: string, choices: number[] = [], cast: Record<string, Table | string> = {}): string {
  const draws = [...choices];
  const phrases = new Map<string, Template>([['size', compile('[big|small]')]]);
  return tell(
    plot('a test', { hero: girl('Ada'), ...cast }, text),
    { cast: new Map(), phrases },
    () => draws.shift() ?? 0,
  ).text;
}

/** All texts that 400 ways of drawing give. */
function tellings(text: string, cast: Record<string, Table> = {}): Set<string> {
  let state = 1;
  const below = (n: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const world = { cast: new Map(), phrases: new Map() };
  const plan = plot('a test', { hero: girl('Ada'), friend: boy('Tom'), ...cast }, text);
  return new Set(Array.from({ length: 400 }, () => tell(plan, world, below).text));
}

describe('a choice', () => {
  test('takes the alternative that is drawn', () => {
    expect(told('a [red|blue|green] cup', [2])).toBe('a green cup');
  });

  test('may nest', () => {
    expect(told('[one|two [three|four]]', [1, 1])).toBe('two four');
  });

  test('may be empty without leaving a double space or a space before punctuation', () => {
    expect(told('Tom [|ran] home [|again].')).toBe('Tom home.');
  });

  test('after a question mark is told or left out', () => {
    expect(told('Tom ran. ?[He [fell|hopped].] He sang.', [0])).toBe('Tom ran. He sang.');
    expect(told('Tom ran. ?[He [fell|hopped].] He sang.', [1, 0, 1])).toBe('Tom ran. He hopped. He sang.');
  });
});

describe('a slot', () => {
  const toy = table([{ name: 'cup', looks: '[red|blue]', sound: 'boing' }]);

  test('is the name of a role, or another field of it', () => {
    expect(told('{toy}: {toy.sound}', [], { toy })).toBe('cup: boing');
  });

  test('with a capital letter begins a sentence', () => {
    expect(told('{Toy}. {toy.Sound}! {He} sang.', [], { toy })).toBe('Cup. Boing! She sang.');
  });

  test('of a role is decided once, of a phrase each time', () => {
    expect(told('{toy.looks}, {toy.looks}', [0, 1, 0], { toy })).toBe('blue, blue'); // the first draw takes the row
    expect(told('{size}, {size}', [0, 1])).toBe('big, small');
  });

  test('that nothing fills is an error that names the plot and the slot', () => {
    expect(() => told('{tiger}')).toThrow('plot "a test": nothing fills {tiger}');
    expect(() => told('{toy.price}', [], { toy })).toThrow('plot "a test": nothing fills {toy.price}');
  });
});

describe('a reference', () => {
  test('is a name at first, then a pronoun or the name', () => {
    expect(tellings('{Hero:s} sang. {Hero:s} slept.')).toEqual(
      new Set(['Ada sang. She slept.', 'Ada sang. Ada slept.']),
    );
  });

  test('is a name where the pronoun could mean another', () => {
    const friend = girl('Mia');
    expect(tellings('{hero} met {friend}. {Hero:s} sang to {friend:o}.', { friend })).toEqual(
      new Set(['Ada met Mia. Ada sang to Mia.']),
    );
  });

  test('has the form that its place in the sentence needs', () => {
    expect(tellings('{hero} met {friend}. {Hero:s} took {friend:p} hat from {friend:o}.')).toContain(
      'Ada met Tom. She took his hat from him.',
    );
    expect(tellings('{hero} met {friend}. {Hero:s} took {friend:p} hat.')).toContain(
      "Ada met Tom. She took Tom's hat.",
    );
  });

  test('after a new paragraph is a name', () => {
    expect(tellings('{hero} sang.\n\n{Hero:s} slept.')).toEqual(new Set(['Ada sang.\n\nAda slept.']));
  });

  test('joins what the same person does next', () => {
    expect(tellings('{Hero:s} sang{hero:then} slept.')).toEqual(
      new Set(['Ada sang and slept.', 'Ada sang and then slept.', 'Ada sang. She slept.', 'Ada sang. Then she slept.']),
    );
  });
});

describe('direct speech', () => {
  test('has its speaker before it, behind it, or in the middle', () => {
    const texts = tellings('<friend said: Come here. Look.>');
    expect(texts).toContain('"Come here. Look," said Tom.');
    expect(texts).toContain('Tom said, "Come here. Look."');
    expect(texts).toContain('"Come here," Tom said. "Look."');
    for (const text of texts) expect(text).not.toMatch(/[.,]{2}|," [A-Z]\w+ said, /);
  });

  test('is not cut after a title', () => {
    for (const text of tellings('<friend said: Ask Mr. Hill.>')) expect(text).toMatch(/Ask Mr\. Hill/);
  });

  test('has verbs that fit its punctuation', () => {
    for (const text of tellings('<friend: Where?>')) expect(text).toMatch(/asked/);
    for (const text of tellings('<friend: Here!>')) expect(text).toMatch(/said|cried|called|shouted/);
  });

  test('may call the hero by name, and a stranger does not know it', () => {
    expect(tellings('{hero} sang. <friend said: Go on.>')).toContain('Ada sang. "Go on, Ada," said Tom.');
    for (const text of tellings('{hero} sang. <stranger: Go on.>', { stranger: boy('the man') })) {
      expect(text).not.toMatch(/Go on, Ada/);
    }
  });
});

test('a cause and its effect are told in either order', () => {
  const texts = tellings('<because it rained; {hero:s} ran>');
  expect(texts).toContain('It rained, so Ada ran.');
  expect(texts).toContain('Ada ran because it rained.');
  expect(texts).toContain('Because it rained, Ada ran.');
});

test('words of the same meaning stand for each other', () => {
  expect(tellings('Ada did not cry.')).toEqual(new Set(['Ada did not cry.', "Ada didn't cry."]));
  expect(tellings('Everybody came.')).toEqual(new Set(['Everybody came.', 'Everyone came.']));
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
  expect(told('{a} {x}', [], { x: noun })).toBe(phrase);
  expect(told('{A} {x}', [], { x: noun })).toBe(phrase.replace('a', 'A'));
});

test('a line break is a space, nothing beside a bracket or bar, and a blank line is a new paragraph', () => {
  const source = `One
    two [
      three
      |
      four
    ] five.

    Six.`;
  expect(told(source, [1])).toBe('One two four five.\n\nSix.');
});

test.each(['[one|two', 'one]', 'one|two', '{toy', 'toy}', '{the toy}', '<hero: Hi.', '<because it rained>', '<Hi.>'])(
  '"%s" is refused',
  (source) => {
    expect(() => compile(source)).toThrow(/ at "|is not a slot/);
  },
);
