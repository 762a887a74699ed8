/** @file The words around direct speech: who says it, by which verb, and how. */

import type { RandomBelow } from './random.ts';

/** The end of a sentence that another follows; no abbreviated title. */
export const SENTENCE_END = /(?<!\bMrs?)[.!?] [A-Z]/;

/** Verbs of saying that fit what is said, by its last character. */
const VERBS: Readonly<Record<string, readonly string[]>> = {
  '.': ['said'],
  '!': ['cried', 'called', 'said', 'shouted'],
  '?': ['asked'],
};

/** How something is said, whatever it is, by its last character; often it is just said. */
// prettier-ignore
const MANNERS: Readonly<Record<string, readonly string[]>> = {
  '.': ['softly', 'quietly', 'slowly', 'after a moment', 'in a low voice', 'in a clear voice', 'at last', 'with a nod', 'after some thought'],
  '!': ['loudly', 'in a loud voice', 'with wide eyes', 'at once', 'out of breath', 'very fast', 'with a red face', 'suddenly', 'so that everyone heard it',
    'with both arms in the air'],
  '?': ['softly', 'in a low voice', 'after a moment', 'with big eyes', 'with a frown', 'at once', 'carefully', 'in a small voice', 'in surprise'],
};

/** A verb for what is said, of those given or of those that fit. */
export function verbFor(said: string, verbs: readonly string[], below: RandomBelow): string {
  const fitting = verbs.length > 0 ? verbs : VERBS[said.at(-1)!]!;
  return fitting[below(fitting.length)]!;
}

/** What stands behind direct speech. @param isPronoun whether the speaker is one, which stands before the verb only */
export function tagOf(
  said: string,
  speaker: string,
  isPronoun: boolean,
  verbs: readonly string[],
  below: RandomBelow,
): string {
  const verb = verbFor(said, verbs, below);
  const tag = isPronoun || below(2) === 0 ? `${speaker} ${verb}` : `${verb} ${speaker}`;
  if (verbs.length > 0 || below(3) > 0) return tag;
  const manners = MANNERS[said.at(-1)!]!;
  return `${tag} ${manners[below(manners.length)]!}`;
}

/** Speech that calls somebody by name at the end of its first sentence, unless it names them anyway. */
export function addressed(said: string, name: string): string {
  if (said.includes(name)) return said;
  const end = said.search(/(?<!\bMrs?)[.!?](?= [A-Z]|$)/);
  return `${said.slice(0, end)}, ${name}${said.slice(end)}`;
}

/** A sentence as it is quoted before its tag. */
export function beforeTag(said: string): string {
  return said.endsWith('.') ? `${said.slice(0, -1)},` : said;
}
