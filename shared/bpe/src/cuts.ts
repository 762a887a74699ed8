/**
 * @file Steps of tokenizer.json files that cut a text before its bytes are spelled: `Split`, `Digits`, `Punctuation` and their
 * kind. Those that published tokenizers have alone are written by hand in `pre-tokenizer.ts`.
 */

import { characterAt, endOfRun, LETTER, lengthOf, NUMBER, SYMBOL, WHITE } from './character-classes.ts';
import { fromOniguruma } from './oniguruma.ts';
import { placedText } from './utf8.ts';

/** What becomes of the places that a step finds: see `SplitDelimiterBehavior` of Hugging Face's tokenizers. */
export const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
export type Behavior = (typeof BEHAVIORS)[number];

/** A step, as tokenizer.json spells it. */
export type CutStep =
  | {
      readonly type: 'Split';
      readonly pattern: { readonly Regex: string } | { readonly String: string };
      readonly behavior: Behavior;
      readonly invert: boolean;
    }
  | { readonly type: 'Digits'; readonly individual_digits: boolean }
  | { readonly type: 'Punctuation'; readonly behavior: Behavior }
  | { readonly type: 'Whitespace' }
  | { readonly type: 'WhitespaceSplit' }
  | { readonly type: 'CharDelimiterSplit'; readonly delimiter: string };

/** Calls `piece` with the pieces of `bytes[start ... end - 1]`, in order; none is empty. */
export type Cutter = (
  bytes: Uint8Array,
  start: number,
  end: number,
  piece: (bytes: Uint8Array, start: number, end: number) => void,
) => void;

/** A stretch of a string, and whether the step looked for it. */
interface Stretch {
  from: number;
  to: number;
  found: boolean;
}

/** How a step cuts: what it looks for, and what becomes of it. */
interface Rule {
  pattern: RegExp | string;
  behavior: Behavior;
  invert: boolean;
}

/**
 * Prepares steps that cut one after the other.
 *
 * @throws UnsupportedRegex
 */
export function createCutter(steps: readonly CutStep[]): Cutter {
  const [first] = steps;
  // Of published tokenizers' kinds, so it is worth to stay with the bytes.
  if (first?.type === 'Digits' && steps.length === 1) return digitCutter(first.individual_digits);
  const rules = steps.map(ruleOf);
  return (bytes, start, end, piece) => {
    const { text, byteAt } = placedText(bytes, start, end);
    const cut = (step: number, from: number, to: number): void => {
      const rule = rules[step];
      if (rule === undefined) {
        const begin = byteAt(from);
        return piece(bytes, begin, byteAt(to));
      }
      const part = from === 0 && to === text.length ? text : text.slice(from, to);
      for (const stretch of cutText(part, rule)) cut(step + 1, from + stretch.from, from + stretch.to);
    };
    if (text !== '') cut(0, 0, text.length);
  };
}

/** The rule that a step of another name is. */
function ruleOf(step: CutStep): Rule {
  switch (step.type) {
    case 'Split': {
      const { pattern, behavior, invert } = step;
      return { pattern: 'Regex' in pattern ? fromOniguruma(pattern.Regex) : pattern.String, behavior, invert };
    }
    case 'Digits':
      return { pattern: /\p{N}/gu, behavior: step.individual_digits ? 'Isolated' : 'Contiguous', invert: false };
    case 'Punctuation':
      return { pattern: /[\p{P}$+<=>^`|~]/gu, behavior: step.behavior, invert: false };
    case 'Whitespace': {
      const pattern =
        /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
      return { pattern, behavior: 'Removed', invert: true };
    }
    case 'WhitespaceSplit':
      return { pattern: /\p{White_Space}/gu, behavior: 'Removed', invert: false };
    case 'CharDelimiterSplit':
      return { pattern: step.delimiter, behavior: 'Removed', invert: false };
  }
}

function cutText(text: string, { pattern, behavior, invert }: Rule): Stretch[] {
  const stretches = stretchesOf(text, pattern, invert);
  return arrange(stretches, behavior).filter(({ from, to }) => from < to);
}

function stretchesOf(text: string, pattern: RegExp | string, invert: boolean): Stretch[] {
  const stretches: Stretch[] = [];
  let end = 0;
  for (const { index, length } of matches(text, pattern)) {
    if (length === 0 && index === end && index > 0) continue; // Oniguruma finds nothing empty right behind what it found
    if (index > end) stretches.push({ from: end, to: index, found: invert });
    stretches.push({ from: index, to: index + length, found: !invert });
    end = index + length;
  }
  if (end < text.length) stretches.push({ from: end, to: text.length, found: invert });
  return stretches;
}

function* matches(text: string, pattern: RegExp | string): Generator<{ index: number; length: number }> {
  if (typeof pattern === 'string') {
    for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + pattern.length)) {
      yield { index: at, length: pattern.length };
    }
    return;
  }
  for (const { index, 0: found } of text.matchAll(pattern)) yield { index, length: found.length };
}

function arrange(stretches: Stretch[], behavior: Behavior): Stretch[] {
  switch (behavior) {
    case 'Isolated':
      return stretches;
    case 'Removed':
      return stretches.filter(({ found }) => !found);
    case 'Contiguous':
      return joined(stretches, (previous, { found }) => previous?.found === found);
    case 'MergedWithPrevious':
      return joined(stretches, (previous, { found }) => found && previous?.found === false);
    case 'MergedWithNext':
      return joined(stretches, (previous, { found }) => previous?.found === true && !found);
  }
}

/** Joins each stretch with the one before it where `joins` says so of the two as they were. */
function joined(stretches: Stretch[], joins: (previous: Stretch | undefined, stretch: Stretch) => boolean): Stretch[] {
  const result: Stretch[] = [];
  for (const [i, stretch] of stretches.entries()) {
    if (result.length > 0 && joins(stretches[i - 1], stretch)) result.at(-1)!.to = stretch.to;
    else result.push({ ...stretch });
  }
  return result;
}

function digitCutter(individual: boolean): Cutter {
  const others = LETTER | WHITE | SYMBOL;
  return (bytes, start, end, piece) => {
    for (let at = start; at < end;) {
      const character = characterAt(bytes, at, end);
      const isNumber = (character & NUMBER) !== 0;
      const next =
        isNumber && individual ? at + lengthOf(character) : endOfRun(bytes, at, end, isNumber ? NUMBER : others);
      piece(bytes, at, next);
      at = next;
    }
  };
}
