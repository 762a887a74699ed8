/** @file Words of texts, as the measures of repetition and copying count them. */

/** Words of a text: runs of letters, digits and apostrophes, without regard to case. Bytes beyond ASCII are letters. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}'’]+/gu) ?? [];
}
