/** @file What a misspelt word may have meant. */

/** Most suggestions that are made. */
const MOST = 3;

/** The known words nearest to a word, the nearest first; none that has little to do with it. */
export function nearest(word: string, known: Iterable<string>): string[] {
  const limit = Math.max(2, Math.ceil(word.length / 3));
  return [...new Set(known)]
    .map((each) => ({ each, distance: each.includes(word) ? 1 : editDistance(word.toLowerCase(), each.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map(({ each }) => each);
}

/** Insertions, deletions and replacements that turn one word into another (Levenshtein 1966), row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
