/** @file Checks of finished stories for tests: a small grammar lint, the vocabulary and the share of distinct n-grams. */

/** Words of a text, lower case, without punctuation. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z]+(?:['-][a-z]+)*/g) ?? [];
}

/** All distinct words of the texts. */
export function vocabulary(texts: Iterable<string>): Set<string> {
  const words = new Set<string>();
  for (const text of texts) for (const word of wordsOf(text)) words.add(word);
  return words;
}

/**
 * How much of a corpus is new: the number of distinct n-grams of words divided by the number of n-grams
 * (distinct-n, Li et al. 2016, arXiv:1510.03055).
 */
export function distinctNgramRatio(texts: Iterable<string>, n: number): number {
  const distinct = new Set<string>();
  let total = 0;
  for (const text of texts) {
    const words = wordsOf(text);
    for (let end = n; end <= words.length; end++, total++) distinct.add(words.slice(end - n, end).join(' '));
  }
  return distinct.size / total;
}

/** The share of the n-grams of some texts that stand in others. */
export function seenNgramRatio(known: Iterable<string>, texts: Iterable<string>, n: number): number {
  const seen = new Set<string>();
  const ngrams = (words: readonly string[]) => words.slice(n - 1).map((_, i) => words.slice(i, i + n).join(' '));
  for (const text of known) for (const ngram of ngrams(wordsOf(text))) seen.add(ngram);
  const all = [...texts].flatMap((text) => ngrams(wordsOf(text)));
  return all.filter((ngram) => seen.has(ngram)).length / all.length;
}

/** What must not occur anywhere in a story, with the name of the problem. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/[^\n\x20-\x7e]/, 'not plain ASCII'],
  [/[[\]{}|\\_<>]|undefined|\bobject\b|\bnull\b/, 'a slot or a mark of the template language'],
  [/ {2}| \n|\n |\n{3}|^\s|\s$/, 'stray white space'],
  [/ [.,!?;:]/, 'a space before punctuation'],
  [/[.,!?;:][.,!?;:]|""/, 'doubled punctuation'],
  [/[a-z][.,!?;:][A-Za-z]/, 'no space after punctuation'],
  [/\b(\w+) \1\b/i, 'a doubled word'],
  [/\ba (?=[aeio]|u(?!ni|se))/i, '"a" before a vowel'],
  [/\ban (?![aeiou]|hour|honest)/i, '"an" before a consonant'],
];

/** Problems of grammar and punctuation in a story: each as a name and the place where it was seen. */
export function grammarProblems(story: string): string[] {
  const problems: string[] = [];
  for (const [pattern, name] of FORBIDDEN) {
    const at = story.search(pattern);
    if (at >= 0) problems.push(`${name}: ${story.slice(Math.max(0, at - 30), at + 30)}`);
  }
  for (const paragraph of story.split('\n\n')) {
    // Pieces at even positions are narration, those at odd positions are speech.
    const pieces = paragraph.split('"');
    const report = (name: string, piece: string) => problems.push(`${name}: ${piece} (${paragraph})`);
    if (pieces.length % 2 === 0) report('unbalanced quotation marks', paragraph);
    if (!/^"?[A-Z]/.test(paragraph)) report('a paragraph begins with a small letter', paragraph);
    if (!/[.!?]"?$/.test(paragraph)) report('a paragraph has no end', paragraph);
    pieces.forEach((piece, index) => {
      if (/[.!?] [a-z]/.test(piece)) report('a sentence begins with a small letter', piece);
      const before = pieces[index - 1] ?? '';
      if (index % 2 === 1) {
        if (!/[.,!?]$/.test(piece)) report('speech without punctuation at its end', piece);
        if (!/^[A-Z]/.test(piece) && !before.endsWith(', ')) report('speech begins with a small letter', piece);
        if (/\w $/.test(before)) report('no comma before speech', before);
      } else if (/[a-z]/.test(piece)) {
        if (before.endsWith(',') && /^ (?:The|A|An|Then|And|But|They)\b/.test(piece))
          report('a comma ends a sentence', piece);
        if (before.endsWith('.') && /^ [a-z]/.test(piece)) report('a full stop before "said"', piece);
      }
    });
  }
  return problems;
}
