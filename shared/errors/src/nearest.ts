/** @file What a misspelt word may have meant. */

/** Most suggestions that are made. */
const MOST = 3;

/** The known words nearest to a word, the nearest first: those with an error in at most every third letter, or that it is a part of. */
export function nearest(word: string, known: Iterable<string>): string[] {
  const written = word.toLowerCase();
  const limit = Math.floor(written.length / 3);
  return [...new Set(known)]
    .map((each) => ({ each, distance: distance(written, each.toLowerCase()) }))
    .filter((found) => found.distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map(({ each }) => each);
}

/** Errors in a word that was to be another; a beginning of two letters, or what follows a dot, is no more than one wrong. */
function distance(word: string, known: string): number {
  const errors = editDistance(word, known);
  const isPart = word.length > 1 && (known.startsWith(word) || known.endsWith(`.${word}`));
  return isPart ? Math.min(errors, 1, Math.floor(word.length / 3)) : errors;
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn one word into another, row by row: the optimal string alignment distance
 * (Damerau 1964).
 */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : Infinity;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced, swapped));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
