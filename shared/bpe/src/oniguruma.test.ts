/** @file Tests of the translation of regular expressions; tokenizer-shapes.test.ts compares published ones with Hugging Face's. */

import { expect, test } from 'vitest';
import { fromOniguruma, UnsupportedRegex } from './oniguruma.ts';

/** What Oniguruma 6.9 finds (scripts/parity/tokenizer-shapes.py compares, as `Split` of Hugging Face's tokenizers). */
test.each<[pattern: string, text: string, found: string[]]>([
  ["(?i:'s|ll)", "a'ſ LL 'S", ["'ſ", 'LL', "'S"]],
  ['(?i:[sk])', 'ſKsSßK', ['ſ', 'K', 's', 'S', 'K']],
  ['\\w+', 'a\u200db\u200cc_d ⓐ ² Ⅷ', ['a', 'b', 'c_d', 'ⓐ', '²', 'Ⅷ']],
  ['[\\w]+', 'a½b', ['a', 'b']],
  ['[^\\w\\s]+', 'a½.', ['½.']],
  ['\\W+', 'a½. ', ['. ']],
  ['\\d+', '1²٣Ⅷ', ['1', '٣']],
  ['a++b|x*+y', 'aab xxy', ['aab', 'xxy']],
  ['(?>a+)a', 'aaa', []],
  ['[\\p{L}&&[^\\p{Han}]]+', 'ab漢字cd', ['ab', 'cd']],
  [' ?[^(\\s|[.,!?])]+', 'Hello (a|b), c.', ['Hello', 'a', 'b', ' c']],
  ['a{,2}b', 'aaab', ['aab']],
  ['.', 'a\n\r', ['a', '\r']],
  ['\\p{^L}\\P{N}\\x{41}\\u0042', '1aAB', ['1aAB']],
])('%s', (pattern, text, found) => {
  expect(Array.from(text.matchAll(fromOniguruma(pattern)), ([match]) => match)).toEqual(found);
});

test.each<[what: string, pattern: string]>([
  ['an anchor', '^a'],
  ['a border of words', '\\ba'],
  ['a reference', '(a)\\1'],
  ['letters that fold to one', '(?i:ss)'],
  ['other letters without case', '(?i:é)'],
  ['a class without case', '(?i:\\w)'],
  ['a POSIX class', '[[:alpha:]]'],
  ['an unknown property', '\\p{Emoji_Madness}'],
  ['an option', '(?m)a'],
  ['a repetition of a repetition', 'a{2}+'],
  ['a repeated group, whose time may be exponential', '(a|a)*b'],
  ['groups in groups, whose time may be exponential', '(?:(?:a?){8}){8}b'],
  ['many optional parts', 'a?'.repeat(30) + 'a'.repeat(30)],
  ['many repetitions', '\\s*'.repeat(9) + 'x'],
  ['an open group', '(a'],
  ['an open class', '[a'],
  ['an empty class', '[]'],
  ['a closing parenthesis', 'a)'],
  ['a dangling backslash', 'a\\'],
  ['a range in the wrong order', '[b-a]'],
  ['depth', '('.repeat(5000) + ')'.repeat(5000)],
])('refuses %s', (_, pattern) => {
  expect(() => fromOniguruma(pattern)).toThrow(UnsupportedRegex);
});
