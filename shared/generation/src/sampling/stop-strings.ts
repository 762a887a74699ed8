/** @file Strings that end a text, found as the text comes. */

/** Passes a text on, but for what is or may become a stop string. */
export interface StopStrings {
  /**
   * Takes the next piece of the text, and gives what surely precedes any stop string. What may be the beginning of one is held
   * back until it is clear.
   *
   * @param mayStop false: stop strings that this piece completes are text. Default true.
   */
  push(piece: string, mayStop?: boolean): string;
  /** What is held back: the text is at its end. */
  flush(): string;
  /** The stop string that ended the text; whatever comes behind it is dropped. */
  readonly found: string | undefined;
}

/**
 * A text ends where the first stop string is complete, whatever pieces it comes in; of several that are complete at the same
 * place, the longest counts. None of it is passed on.
 *
 * @param stop none is empty; no string has half a surrogate pair
 */
export function stopStrings(stop: readonly string[]): StopStrings {
  const longestFirst = stop.toSorted((a, b) => b.length - a.length);
  let held = '';
  let found: string | undefined;
  return {
    push(piece, mayStop = true) {
      if (found !== undefined) return '';
      const text = held + piece;
      const places = mayStop ? text.length : 0;
      for (let end = held.length + 1; end <= places; end++) {
        found = longestFirst.find((each) => text.endsWith(each, end));
        if (found === undefined) continue;
        held = '';
        return text.slice(0, end - found.length);
      }
      const passed = text.length - heldBack(text, longestFirst);
      held = text.slice(passed);
      return text.slice(0, passed);
    },
    flush() {
      const rest = held;
      held = '';
      return rest;
    },
    get found() {
      return found;
    },
  };
}

/** Length of the longest end of a text that a stop string begins with, but is not all of. */
function heldBack(text: string, longestFirst: readonly string[]): number {
  const longest = Math.min(text.length, (longestFirst[0]?.length ?? 1) - 1);
  for (let length = longest; length > 0; length--) {
    const end = text.slice(-length);
    if (longestFirst.some((each) => each.length > length && each.startsWith(end))) return length;
  }
  return 0;
}
