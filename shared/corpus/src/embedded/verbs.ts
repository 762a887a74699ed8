/** @file Things to do, in every form that a sentence may need: to build, built, building. */

import { table, type Table } from './story.ts';

/** Past tenses that do not end in -ed. */
const IRREGULAR: Readonly<Record<string, string>> = {
  build: 'built',
  catch: 'caught',
  dig: 'dug',
  draw: 'drew',
  feed: 'fed',
  make: 'made',
  read: 'read',
  see: 'saw',
  sing: 'sang',
  slide: 'slid',
  swing: 'swung',
  tell: 'told',
};

/** Verbs of one syllable, or stressed on the last, that end in a vowel and a consonant: they double it. */
const DOUBLING =
  /^(?:chat|clap|dig|dip|hop|hum|jog|pat|pet|pick up|plan|run|sit|skip|slip|stop|swim|tap|trap|wrap|put)$/;

/** The past tense of a verb. */
export function pastOf(verb: string): string {
  const irregular = IRREGULAR[verb];
  if (irregular !== undefined) return irregular;
  if (verb.endsWith('e')) return `${verb}d`;
  if (/[^aeiou]y$/.test(verb)) return `${verb.slice(0, -1)}ied`;
  return DOUBLING.test(verb) ? `${verb}${verb.at(-1)!}ed` : `${verb}ed`;
}

/** The form of a verb in -ing. */
export function ingOf(verb: string): string {
  if (verb.endsWith('ie')) return `${verb.slice(0, -2)}ying`;
  if (/[^e]e$/.test(verb)) return `${verb.slice(0, -1)}ing`;
  return DOUBLING.test(verb) ? `${verb}${verb.at(-1)!}ing` : `${verb}ing`;
}

/**
 * Rows of things to do, from sources such as `build [a tower|a castle] of blocks`: one row for each combination of the
 * choices, with the fields `name` (build ...), `past` (built ...) and `ing` (building ...); verbs are
 * groups, so that a story does not have two of one.
 */
export function acts(...sources: readonly string[]): Table {
  return table(
    sources.flatMap(combinations).map((act) => {
      const space = act.indexOf(' ');
      const [verb, rest] = space < 0 ? [act, ''] : [act.slice(0, space), act.slice(space)];
      return { name: act, group: verb, past: pastOf(verb) + rest, ing: ingOf(verb) + rest };
    }),
  );
}

/** Every text that a source with choices, none inside another, can become. */
export function combinations(source: string): string[] {
  const match = /\[([^\]]*)\]/.exec(source);
  if (!match) return [source];
  const [before, after] = [source.slice(0, match.index), source.slice(match.index + match[0].length)];
  return match[1]!.split('|').flatMap((option) => combinations(before + option + after));
}
