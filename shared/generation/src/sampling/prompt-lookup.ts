/** @file Drafts from the text so far: what followed the last tokens when they stood there before. */

/**
 * Prompt look-up decoding: the longest run of last tokens that stands in the text before is found at its latest place, and the draft is what
 * follows there. A draft that reaches the end of the text goes on with itself, so that a text with a period is continued for as long as asked.
 *
 * @param tokens prompt and output
 * @param longest tokens of a run at most
 * @param shortest tokens of a run at least
 * @param count tokens of a draft
 * @returns `count` tokens, or none where no run is found
 */
export function lookUpDraft(
  tokens: readonly number[],
  { longest = 3, shortest = 1, count = 10 }: { longest?: number; shortest?: number; count?: number } = {},
): number[] {
  for (let run = Math.min(longest, tokens.length - 1); run >= shortest; run--) {
    const end = tokens.length - run;
    for (let start = end - 1; start >= 0; start--) {
      if (!equalRuns(tokens, start, end, run)) continue;
      const draft: number[] = [];
      for (let at = start + run; draft.length < count; at++) {
        const id = tokens[at] ?? draft[at - tokens.length];
        if (id !== undefined) draft.push(id);
      }
      return draft;
    }
  }
  return [];
}

function equalRuns(tokens: readonly number[], a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (tokens[a + i] !== tokens[b + i]) return false;
  return true;
}
