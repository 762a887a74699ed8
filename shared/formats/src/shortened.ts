/** @file What a file says, as long as a message may be: a name in a hostile file may have megabytes. */

const MOST_CHARACTERS = 120;

/** A text, cut where it is long. */
export const shortened = (text: string, most = MOST_CHARACTERS): string =>
  text.length > most ? `${text.slice(0, most)}…` : text;

/** The first of some names. */
export function shortList(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).map((name) => shortened(name));
  return names.length > most ? `${shown.join(', ')} and ${names.length - most} more` : shown.join(', ');
}
