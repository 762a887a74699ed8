/** @file The characters of a class of regular expressions, as JavaScript has them. */
import type { CodePoints } from './expression.ts';

/** Ranges of the classes that were asked for, by how they are written. */
const known = new Map<string, readonly CodePoints[]>();

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
  known.set(source, ranges);
  return ranges;
}

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
