/** @file What a model sees of a prompt: all of it behind an end of text, or, where that is more than its context, the end of it. */

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
 * @param maximumTokens how many are to follow at most
 */
export function seenPrompt(
  prompt: readonly number[],
  { endOfText, contextLength, maximumTokens }: { endOfText: number; contextLength: number; maximumTokens: number },
): SeenPrompt {
  if (prompt.length < contextLength) return { ids: [endOfText, ...prompt], cut: 0 };
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
