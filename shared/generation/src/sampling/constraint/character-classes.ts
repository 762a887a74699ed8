/** @file The characters of a class of regular expressions, as JavaScript has them. */
import type { CodePoints } from './expression.ts';

/** Ranges of the classes that were asked for, by how they are written, the latest. */
const known = new Map<string, readonly CodePoints[]>();

/** Classes that are kept at once. */
const MOST_CLASSES = 256;

/** All characters in the order of their code points; made once it is needed. */
let everyCharacter: string | undefined;

/**
 * The characters that a class matches: JavaScript itself finds them, so that negations, escapes and Unicode properties mean what they
 * mean there with the flag `u`.
 *
 * @param source such as `[^a-z]`, `\d`, `.`, `\p{L}`; is valid
 */
export function classRanges(source: string): readonly CodePoints[] {
  const ranges = known.get(source) ?? findRanges(source);
  known.delete(source);
  known.set(source, ranges); // now the latest
  const [oldest] = known.keys();
  if (known.size > MOST_CLASSES && oldest !== undefined) known.delete(oldest);
  return ranges;
}

/** Whether the characters of a class are there, and need not be found. */
export const isKnownClass = (source: string): boolean => known.has(source);

function findRanges(source: string): CodePoints[] {
  everyCharacter ??= allCharacters();
  const runs = everyCharacter.matchAll(new RegExp(`${source}+`, 'gu'));
  return Array.from(runs, ([run]) => {
    const last = run.charCodeAt(run.length - 1);
    const isPair = last >= 0xdc00 && last <= 0xdfff;
    return [run.codePointAt(0) ?? 0, isPair ? (run.codePointAt(run.length - 2) ?? 0) : last];
  });
}

function allCharacters(): string {
  let text = '';
  for (let each = 0; each <= 0x10ffff; each++) {
    if (each < 0xd800 || each > 0xdfff) text += String.fromCodePoint(each);
  }
  return text;
}
