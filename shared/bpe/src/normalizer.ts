/** @file Normalizers of tokenizer.json files: what is done to a text before it is cut and encoded. */

import { UTF8, utf8OrUndefined } from './utf8.ts';

/** One step of normalization, as tokenizer.json spells it. */
export type NormalizerStep =
  | { readonly type: 'NFC' | 'NFD' | 'NFKC' | 'NFKD' | 'Lowercase' }
  | { readonly type: 'Strip'; readonly strip_left: boolean; readonly strip_right: boolean }
  | { readonly type: 'Prepend'; readonly prepend: string }
  | { readonly type: 'Replace'; readonly pattern: { readonly String: string }; readonly content: string };

/** The text `bytes[start ... end - 1]` as normalized; undefined where it stays as it is. */
export type ByteNormalizer = (bytes: Uint8Array, start: number, end: number) => Uint8Array | undefined;

/** First byte of U+0300: no character below it takes part in a composition unless one from here on does. */
const FIRST_COMBINING = 0xcc;

/**
 * Prepares normalization of UTF-8. Text that is not UTF-8 stays as it is. Unicode is that of the JavaScript engine.
 *
 * @returns undefined where there is nothing to do.
 */
export function createNormalizer(steps: readonly NormalizerStep[] = []): ByteNormalizer | undefined {
  if (steps.length === 0) return undefined;
  const onlyComposes = steps.every(({ type }) => type === 'NFC');
  return (bytes, start, end) => {
    if (onlyComposes && !mayCompose(bytes, start, end)) return undefined;
    const text = utf8OrUndefined(bytes, start, end);
    if (text === undefined) return undefined;
    const normalized = normalizeText(steps, text);
    return normalized === text ? undefined : UTF8.encode(normalized);
  };
}

/** The steps in succession. */
export function normalizeText(steps: readonly NormalizerStep[], text: string): string {
  return steps.reduce(applyStep, text);
}

function applyStep(text: string, step: NormalizerStep): string {
  switch (step.type) {
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return text.normalize(step.type);
    case 'Lowercase':
      // Character by character, without JavaScript's rule for a sigma at the end of a word.
      return text.replace(/\p{Changes_When_Lowercased}/gu, (character) => character.toLowerCase());
    case 'Strip': {
      const left = step.strip_left ? text.replace(/^\p{White_Space}+/u, '') : text;
      return step.strip_right ? left.slice(0, endOfText(left)) : left;
    }
    case 'Prepend':
      return text === '' ? '' : step.prepend + text;
    case 'Replace':
      return text.replaceAll(step.pattern.String, () => step.content);
  }
}

/** Where the white space at a text's end begins; a regular expression would try at every white space within. */
function endOfText(text: string): number {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1]!)) end--;
  return end;
}

function mayCompose(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at]! >= FIRST_COMBINING) return true;
  return false;
}
