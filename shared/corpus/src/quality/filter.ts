/** @file Filters: which documents are kept, and by which rule another is not. */

import type { FilterParameters } from './filter-parameters.ts';

/** The name of a rule, as a pipeline file writes it. */
export type FilterRule = keyof FilterParameters;

/** @returns the first rule that a document breaks, in the order of the schema; undefined when it is kept */
export type Filter = (text: string, bytes: number) => FilterRule | undefined;

/** Words of an n-gram for `maximumRepeatedNgramShare`. */
const NGRAM = 4;

/** A test for the rules that are named. Cheap rules come first. */
export function documentFilter(rules: FilterParameters): Filter {
  const breaks: [FilterRule, (text: string, bytes: number) => boolean][] = [];
  const add = <K extends FilterRule>(
    name: K,
    test: (limit: NonNullable<FilterParameters[K]>) => (text: string, bytes: number) => boolean,
  ) => {
    const limit = rules[name];
    if (limit !== undefined) breaks.push([name, test(limit as NonNullable<FilterParameters[K]>)]);
  };
  add('minimumBytes', (limit) => (_, bytes) => bytes < limit);
  add('maximumBytes', (limit) => (_, bytes) => bytes > limit);
  add('keywords', (keywords) => (text) => !keywords.some((keyword) => text.includes(keyword)));
  add('libraries', (libraries) => {
    const pattern = importPattern(libraries);
    return (text) => !pattern.test(text);
  });
  add('maximumCharacterRun', (limit) => (text) => longestRun(text) > limit);
  add('maximumLineLength', (limit) => (text) => lineLengths(text).longest > limit);
  add('maximumMeanLineLength', (limit) => (text) => lineLengths(text).mean > limit);
  add('minimumLetterShare', (limit) => (text) => letterShare(text) < limit);
  add('maximumRepeatedLineShare', (limit) => (text) => repeatedLineShare(text) > limit);
  add('maximumRepeatedNgramShare', (limit) => (text) => repeatedNgramShare(text) > limit);
  return (text, bytes) => breaks.find(([, isBroken]) => isBroken(text, bytes))?.[0];
}

/** Matches a source that imports one of the Python modules: `import a, x.y as z` or `from x.y import z`, at the beginning of a line. */
function importPattern(libraries: readonly string[]): RegExp {
  const names = libraries.map((name) => name.replaceAll('.', '\\.')).join('|');
  // Modules that are imported before it in the same statement, and no letter of a longer name behind it.
  return new RegExp(`^[ \\t]*(?:from[ \\t]+|import[ \\t]+(?:[^\\n#;]*,[ \\t]*)?)(?:${names})(?![\\p{L}\\p{N}_])`, 'mu');
}

/** Longest run of one UTF-16 unit that is not white space. */
function longestRun(text: string): number {
  let longest = 0;
  let run = 0;
  let previous = -1;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== previous) run = 0;
    previous = unit;
    // Indentation and underlining by spaces are no sign of bad text.
    if (unit !== 32 && (unit < 9 || unit > 13) && ++run > longest) longest = run;
  }
  return longest;
}

function lineLengths(text: string): { longest: number; mean: number } {
  let longest = 0;
  let lines = 0;
  for (let start = 0; start <= text.length; lines++) {
    const feed = text.indexOf('\n', start);
    const end = feed === -1 ? text.length : feed;
    longest = Math.max(longest, end - start);
    start = end + 1;
  }
  return { longest, mean: (text.length - (lines - 1)) / lines };
}

/** Letters and marks of any script among the characters that are not white space; 0 where there are none. */
function letterShare(text: string): number {
  const count = (pattern: RegExp) => {
    let found = 0;
    for (pattern.lastIndex = 0; pattern.test(text);) found++;
    return found;
  };
  const visible = count(/\S/gu);
  return visible === 0 ? 0 : count(/[\p{L}\p{M}]/gu) / visible;
}

function repeatedLineShare(text: string): number {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.length === 0 ? 0 : 1 - new Set(lines).size / lines.length;
}

function repeatedNgramShare(text: string): number {
  const words = text.split(/\s+/u).filter((word) => word !== '');
  const all = words.length - NGRAM + 1;
  if (all <= 0) return 0;
  const distinct = new Set<string>();
  for (let at = 0; at < all; at++) distinct.add(words.slice(at, at + NGRAM).join(' '));
  return 1 - distinct.size / all;
}
