/** @file Tests of pre-tokenization by regular expressions. */

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PreTokenPattern } from '../patterns.ts';
import { preTokens } from './pre-tokens.ts';

const cut = (text: string, pattern: PreTokenPattern): string[] => [...preTokens(text, pattern)];

describe('gpt2', () => {
  // The first three are published examples: tests of Hugging Face tokenizers' ByteLevel pre-tokenizer.
  test.each([
    [
      'Hello my friend, how is your day going?',
      ['Hello', ' my', ' friend', ',', ' how', ' is', ' your', ' day', ' going', '?'],
    ],
    ['Hello there\nHello there', ['Hello', ' there', '\n', 'Hello', ' there']],
    ['Hello there       dear', ['Hello', ' there', '      ', ' dear']],
    ["it's they'll I'D 12345", ['it', "'s", ' they', "'ll", ' I', "'", 'D', ' 12345']],
    ['end  \n', ['end', '  \n']],
  ])('cuts %j as published', (text, expected) => {
    expect(cut(text, 'gpt2')).toEqual(expected);
  });
});

describe('llama3', () => {
  test.each([
    ["it's I'D", ['it', "'s", ' I', "'D"]],
    ['12345 678', ['123', '45', ' ', '678']],
    ['a.b\n\n  c', ['a', '.b', '\n\n', ' ', ' c']],
    ['!!\n\nx', ['!!\n\n', 'x']],
  ])('cuts %j by its pattern', (text, expected) => {
    expect(cut(text, 'llama3')).toEqual(expected);
  });
});

test('none leaves a text whole', () => {
  expect(cut('two words\n', 'none')).toEqual(['two words\n']);
  expect(cut('', 'none')).toEqual([]);
});

test('white space is what Unicode calls so: U+0085 is, the byte order mark is not', () => {
  expect(cut('\u0085\u0085a', 'gpt2')).toEqual(['\u0085', '\u0085', 'a']);
  expect(cut('\ufeff\ufeffa', 'gpt2')).toEqual(['\ufeff\ufeff', 'a']);
});

test.each(['gpt2', 'llama3', 'none'] as const)('%s: the pre-tokens of any string joined are that string', (pattern) => {
  fc.assert(
    // Also strings that are no well-formed Unicode: lone surrogates.
    fc.property(
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      (text) => {
        const pieces = cut(text, pattern);
        expect(pieces.join('')).toBe(text);
        expect(pieces).not.toContain('');
      },
    ),
  );
});

test('two texts may be cut at the same time', () => {
  const [a, b] = [preTokens('one two', 'gpt2'), preTokens('three four', 'gpt2')];
  expect([a.next().value, b.next().value, a.next().value, b.next().value]).toEqual(['one', 'three', ' two', ' four']);
});
