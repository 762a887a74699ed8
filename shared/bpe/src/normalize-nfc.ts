/** @file Unicode normalization form C of UTF-8, which Qwen's tokenizers apply. */

/** First byte of U+0300: no character below it takes part in a composition unless one from here on does. */
const FIRST_COMBINING = 0xcc;

/**
 * The text `bytes[start ... end - 1]` in normalization form C, of the Unicode version that the JavaScript engine knows.
 *
 * @returns undefined where the text is in that form as it is, and where it is not UTF-8: then it stays as it is.
 */
export function normalizeNfc(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  let at = start;
  while (at < end && bytes[at]! < FIRST_COMBINING) at++;
  if (at === end) return undefined;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
  const normalized = text.normalize('NFC');
  return normalized === text ? undefined : new TextEncoder().encode(normalized);
}
