/** @file The form that a text is asked to have, as what excludes tokens. */
import { UserError } from '@arrowsmith/errors';
import type { BpeModel } from '@arrowsmith/bpe';
import {
  afterThinking,
  type Automaton,
  constrainOutput,
  jsonSchemaAutomaton,
  limitThinking,
  type LogitsProcessor,
  regularExpressionAutomaton,
  type ThinkingTags,
  tokenTrie,
  type TokenTrie,
} from '../sampling/index.ts';
import type { ParsedOptions } from './text-options.ts';
import type { TextModelParts } from './text-model.ts';

type Form = Pick<ParsedOptions, 'jsonSchema' | 'regularExpression' | 'thinkingTokens'>;

/**
 * Processors of a text that is to be JSON of a schema, or to match a regular expression: behind its thoughts, where the model has such.
 *
 * @throws UserError for a schema or an expression that cannot be followed, and for a limit of thoughts where the model has none
 */
export function constraintsOf(
  { tokenizer, encoder, endOfText, endTokens = [] }: TextModelParts,
  tags: ThinkingTags | undefined,
  form: Form,
): LogitsProcessor[] {
  const processors: LogitsProcessor[] = [];
  const automaton = automatonOf(form);
  if (automaton !== undefined) {
    const process = constrainOutput(automaton, trieOf(tokenizer), [endOfText, ...endTokens]);
    processors.push(tags === undefined ? process : afterThinking(process, tags));
  }
  if (form.thinkingTokens !== undefined) {
    if (tags === undefined) throw withoutThoughts();
    processors.push(limitThinking(tags, { budget: form.thinkingTokens, closing: encoder.encode('\n') }));
  }
  return processors;
}

function automatonOf({ jsonSchema, regularExpression }: Form): Automaton | undefined {
  if (jsonSchema !== undefined) return jsonSchemaAutomaton(jsonSchema);
  return regularExpression === undefined ? undefined : regularExpressionAutomaton(regularExpression);
}

/** Made once for each tokenizer: that takes a moment for large vocabularies. */
const tries = new WeakMap<BpeModel, TokenTrie>();

function trieOf(tokenizer: BpeModel): TokenTrie {
  const known = tries.get(tokenizer);
  if (known !== undefined) return known;
  const { vocabulary, specialTokens } = tokenizer;
  const made = tokenTrie(
    vocabulary,
    specialTokens.map(({ id }) => id),
  );
  tries.set(tokenizer, made);
  return made;
}

const withoutThoughts = (): UserError =>
  new UserError({
    what: 'the model has no thoughts that could be limited',
    expected: 'a tokenizer with the tokens <think> and </think>',
    found: 'none of that name',
    fix: 'leave thinkingTokens out',
  });
