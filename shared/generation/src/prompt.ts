/** @file Prompts: which a model can read, and what it sees of one, all of it behind the token that documents begin with, or, where that is more than its context, the end. */
import { UserError } from '@arrowsmith/errors';
import type { DecoderConfig } from '@arrowsmith/model';

export interface SeenPrompt {
  /** Token ids, at most as many as the context. */
  ids: number[];
  /** Tokens of the prompt that are not among them. */
  cut: number;
}

/**
 * The tokens that a text is continued from. A prompt that does not fit is cut at its beginning, as other programs crop it: what remains takes half of
 * the context, or more where fewer tokens than that are to follow, so that there is room to continue it.
 *
 * @param prompt token ids of the text
 * @param beginOfText the token that documents begin with
 * @param maximumTokens how many are to follow at most
 */
export function seenPrompt(
  prompt: readonly number[],
  { beginOfText, contextLength, maximumTokens }: { beginOfText: number; contextLength: number; maximumTokens: number },
): SeenPrompt {
  if (prompt.length < contextLength) return { ids: [beginOfText, ...prompt], cut: 0 };
  const kept = Math.max(Math.ceil(contextLength / 2), contextLength - maximumTokens);
  return { ids: prompt.slice(-kept), cut: prompt.length - kept };
}

/** Says which prompts are cut. @param cuts of each prompt that is, by its number from 1: how long it is, and how much of it is seen at least */
export function describeCuts(
  cuts: ReadonlyMap<number, { tokens: number; seen: number }>,
  contextLength: number,
): string {
  return [...cuts]
    .map(([number, { tokens, seen }]) => `prompt ${number} has ${tokens} tokens, of which the last ${seen} are seen`)
    .concat(`the context holds ${contextLength}`)
    .join('; ');
}

/** @throws UserError for a prompt that a model cannot read */
export function checkPrompt(
  prompt: readonly number[],
  { vocabularySize, contextLength }: Pick<DecoderConfig, 'vocabularySize' | 'contextLength'>,
): void {
  if (prompt.length === 0) {
    throw new UserError({
      what: 'the prompt is empty',
      expected: 'at least one token to continue',
      fix: 'start with the token that separates documents',
    });
  }
  if (prompt.length > contextLength) {
    throw new UserError({
      what: 'a sequence is longer than the model’s context',
      expected: `at most ${contextLength} tokens`,
      found: `a prompt of ${prompt.length}`,
      fix: 'shorten the text, or train a model with a larger context length',
    });
  }
  // Ids become addresses, which backends do not check.
  const at = prompt.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id < vocabularySize));
  if (at === -1) return;
  throw new UserError({
    what: 'a token id of the prompt is outside the vocabulary',
    expected: `0 to ${vocabularySize - 1}`,
    found: `${prompt[at]}`,
    where: `position ${at} of ${prompt.length} ids`,
    fix: 'use tokens made by the tokenizer that the model was trained with',
  });
}
