import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { samplingGenerator } from '../random-stream.ts';
import { sampleToken } from '../sample.ts';
import type { Automaton } from './automaton.ts';
import { constrainOutput, jsonSchemaAutomaton, regularExpressionAutomaton } from './constraint.ts';
import { allows, tokenMasks } from './token-mask.ts';
import { tokenTrie } from './token-trie.ts';

const END = 0;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An end token, all bytes, and tokens of several: of JSON's syntax, of words, of parts of characters, two of the same. */
const VOCABULARY = [
  bytesOf('<end>'),
  ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  ...[
    '{"',
    '":',
    '": ',
    '", "',
    '"}',
    '}}',
    '[[',
    ']',
    ', ',
    'true',
    'null',
    'name',
    'na',
    '12',
    '.5',
    'e+',
    'ab',
    'ba',
  ].map(bytesOf),
  ...['ab', 'é', '😀', 'é"', '\\u00', '\\n', '-0', '00'].map(bytesOf),
  bytesOf('😀').subarray(0, 2),
  bytesOf('😀').subarray(2),
  bytesOf('aé').subarray(0, 2),
];
const trie = tokenTrie(VOCABULARY, [END]);

/** The text that follows from random choices among allowed tokens; longer than most, the end is chosen where it is allowed. */
function randomText(automaton: Automaton, seed: number, patience = 60): string {
  const constrain = constrainOutput(automaton, trie, [END]);
  const rng = samplingGenerator(seed);
  const output: number[] = [];
  for (;;) {
    const logits = new Float32Array(VOCABULARY.length);
    // Syntax is likelier than any byte, so that texts end.
    for (const id of '"]},:0'.split('').map((each) => 1 + each.charCodeAt(0))) logits[id] = 2;
    constrain(logits, { prompt: [], output });
    const id =
      output.length > patience && Number.isFinite(logits[END])
        ? END
        : sampleToken(logits, { temperature: 1, topK: 0, topP: 1 }, rng);
    if (id === END)
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        Buffer.concat(output.map((each) => VOCABULARY[each]!)),
      );
    output.push(id);
    if (output.length > 5000) throw new Error('no end');
  }
}

describe('masks', () => {
  test('have exactly the tokens whose bytes lead on, and the end exactly where the text is complete', () => {
    for (const source of ['ab*', '[^a]{2}', 'é|😀', '"(?:name|na)": -?\\d+', '.*']) {
      const automaton = regularExpressionAutomaton(source);
      const maskOf = tokenMasks(automaton, trie, [END]);
      for (const before of ['', 'a', 'ab', '"', '"na', '"name": ', '😀']) {
        const state = automaton.run(automaton.start, bytesOf(before));
        const mask = maskOf(state);
        for (const [id, bytes] of VOCABULARY.entries()) {
          const leads = automaton.run(state, bytes) !== -1;
          expect(allows(mask, id)).toBe(id === END ? automaton.accepts(state) : leads);
        }
        expect(maskOf(state)).toBe(mask);
      }
    }
  });

  test('from whatever is allowed, there is a way to an end', () => {
    const automaton = regularExpressionAutomaton('(?:é|[^ -~]{2}x)+');
    for (let seed = 0; seed < 30; seed++) expect(randomText(automaton, seed)).toMatch(/^(?:é|[^ -~]{2}x)+$/u);
  });
});

describe('regular expressions', () => {
  test.each([
    '(?:yes|no|maybe)',
    '\\d{4}-\\d{2}-\\d{2}',
    '[a-z]+@[a-z]+\\.(?:com|org)',
    '\\p{L}{1,8}',
    '(?:ab|ba)*c',
    '[^"\\n]{0,20}',
  ])('every text of random choices matches %s', (source) => {
    const automaton = regularExpressionAutomaton(source);
    const whole = new RegExp(`^(?:${source})$`, 'u');
    const texts = Array.from({ length: 40 }, (_, seed) => randomText(automaton, seed));
    for (const text of texts) expect(text).toMatch(whole);
  });

  test('no text but the one that is left', () => {
    expect(randomText(regularExpressionAutomaton('only this 😀'), 1)).toBe('only this 😀');
  });
});

test('masks follow the output that is asked for, also when it goes back', () => {
  const constrain = constrainOutput(regularExpressionAutomaton('ab|ba'), trie, [END]);
  const allowed = (text: string): string[] => {
    const logits = new Float32Array(VOCABULARY.length);
    constrain(logits, { prompt: [7], output: Array.from(bytesOf(text), (byte) => 1 + byte) });
    return VOCABULARY.filter((_, id) => logits[id] === 0).map((bytes) => new TextDecoder().decode(bytes));
  };
  expect(allowed('')).toEqual(['a', 'b', 'ab', 'ba', 'ab']);
  expect(allowed('a')).toEqual(['b']);
  expect(allowed('b')).toEqual(['a']);
  expect(allowed('ba')).toEqual(['<end>']);
  expect(allowed('a')).toEqual(['b']);
});

test('where no token is left there is an error that says so', () => {
  const constrain = constrainOutput(regularExpressionAutomaton('ab'), tokenTrie([bytesOf('x')]), []);
  expect(() => constrain(new Float32Array(1), { prompt: [], output: [] })).toThrow(UserError);
  expect(() => constrain(new Float32Array(1), { prompt: [], output: [] })).toThrow('no token of the vocabulary');
});

test('logits beyond the vocabulary are excluded', () => {
  const logits = new Float32Array(VOCABULARY.length + 100);
  constrainOutput(regularExpressionAutomaton('a*'), trie, [END])(logits, { prompt: [], output: [] });
  expect(Array.from(logits.subarray(VOCABULARY.length)).every((logit) => logit === -Infinity)).toBe(true);
});

test('constants are written as they are, whatever they are', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(JSON.parse(randomText(jsonSchemaAutomaton({ const: value }), 1))).toEqual(
        JSON.parse(JSON.stringify(value)),
      );
    }),
    { seed: 1, numRuns: 15 },
  );
});
