/** @file Output that has to follow a regular expression or a JSON schema. */
import { UserError } from '@arrowsmith/errors';
import type { LogitsProcessor } from '../processors.ts';
import { Automaton } from './automaton.ts';
import { jsonSchema } from './json-schema.ts';
import { regularExpression } from './regular-expression.ts';
import { StateLimit } from './state-limit.ts';
import { allows, tokenMasks } from './token-mask.ts';
import type { TokenTrie } from './token-trie.ts';

/** How large an automaton may be. */
export interface AutomatonOptions {
  /** States that it may have, before any are put together; default 300,000. A larger one is refused before it is built. */
  mostStates?: number | undefined;
}

/**
 * The automaton of texts that a regular expression matches as a whole.
 *
 * @param source a subset of JavaScript's syntax with the flag `u`: without look-around, backreferences, word boundaries, and anchors within
 * @throws UserError where it is no such expression, or too large
 */
export function regularExpressionAutomaton(source: string, { mostStates }: AutomatonOptions = {}): Automaton {
  const limit = new StateLimit(mostStates);
  return new Automaton(regularExpression(source, limit), limit);
}

/**
 * The automaton of JSON texts of values that a schema accepts.
 *
 * @param schema with the keywords that `jsonSchema` names
 * @param depth how often a reference is followed within itself, and how deep values are nested of which nothing is said; default 3
 * @throws UserError where it has other keywords, accepts no value, or is too large
 */
export function jsonSchemaAutomaton(
  schema: unknown,
  { depth, mostStates }: AutomatonOptions & { depth?: number } = {},
): Automaton {
  const limit = new StateLimit(mostStates);
  return new Automaton(jsonSchema(schema, { ...(depth === undefined ? {} : { depth }), limit }), limit);
}

/**
 * Excludes tokens so that the whole output follows an automaton: those whose bytes it cannot go on with, and end tokens but where the text is
 * complete. Characters may be cut into several tokens. An output that is cut at its greatest length need not be complete.
 *
 * @param trie of the vocabulary, without tokens that stand for no text
 * @param endTokens end the text
 * @returns a processor for any number of sequences, which share its masks; it reads each output from its beginning, a millisecond for some ten
 *   thousand tokens. It throws a UserError where no token is left.
 */
export function constrainOutput(automaton: Automaton, trie: TokenTrie, endTokens: readonly number[]): LogitsProcessor {
  const maskOf = tokenMasks(automaton, trie, endTokens);
  return (logits, { output }) => {
    let state = automaton.start;
    for (const id of output) state = automaton.run(state, trie.vocabulary[id] ?? []);
    const mask = maskOf(state);
    let left = 0;
    for (let id = 0; id < logits.length; id++) {
      if (allows(mask, id)) left++;
      else logits[id] = -Infinity;
    }
    if (left === 0) throw nothingLeft(output.length);
  };
}

function nothingLeft(length: number): UserError {
  return new UserError({
    what: 'no token of the vocabulary goes on with what the output has to follow',
    where: `behind ${length} tokens of output`,
    expected: 'a vocabulary with a token for each byte, and an end token',
    fix: 'use a byte-level tokenizer, and give the tokens that end a text',
  });
}
