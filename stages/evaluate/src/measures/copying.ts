/** @file How much of some texts stands in the training text, word for word. */
import type { Metric } from '@arrowsmith/pipeline/stage';
import { wordsOf } from './words.ts';

/** Counts what texts share with a much longer one that streams by. */
export interface CopyCounter {
  /** The next document of the longer text. */
  add(document: string): void;
  /** The share of the n-grams of words of these texts that were met; null where they have none. */
  seen(texts: readonly string[]): number | null;
  /** The longest run of words of this text that was met. */
  longestRun(text: string): number;
}

/**
 * Memory follows from the texts, not from the longer one: only their words have numbers, their n-grams are looked up, and their runs are followed
 * in a suffix automaton (Blumer et al. 1985, https://doi.org/10.1016/0304-3975(85)90157-4), so that everything is exact.
 *
 * @param texts all that will be asked for
 * @param n words of an n-gram
 * @param followed of the texts, those whose longest runs will be asked for
 */
export function copyCounter({
  texts,
  n,
  followed,
}: {
  texts: readonly string[];
  n: number;
  followed: readonly string[];
}): CopyCounter {
  const numbers = new Map<string, number>();
  for (const text of texts) for (const word of wordsOf(text)) if (!numbers.has(word)) numbers.set(word, numbers.size);
  const numbersOf = (text: string): number[] => wordsOf(text).map((word) => numbers.get(word) ?? -1);
  const met = new Map<string, boolean>();
  for (const text of texts) for (const gram of gramsOf(numbersOf(text), n)) met.set(gram, false);
  const automaton = suffixAutomaton(followed.map(numbersOf));

  return {
    add(document) {
      const words = numbersOf(document);
      for (const gram of gramsOf(words, n)) if (met.has(gram)) met.set(gram, true);
      automaton.match(words);
    },
    seen(asked) {
      const grams = asked.flatMap((text) => gramsOf(numbersOf(text), n));
      return grams.length === 0 ? null : grams.filter((gram) => met.get(gram)).length / grams.length;
    },
    longestRun: (text) => automaton.longest(numbersOf(text)),
  };
}

/** N-grams as short strings: a character for each word; none with a word that has no number. */
function gramsOf(words: readonly number[], n: number): string[] {
  const grams: string[] = [];
  let known = 0;
  for (const [end, word] of words.entries()) {
    known = word < 0 ? 0 : known + 1;
    if (known >= n) grams.push(String.fromCodePoint(...words.slice(end + 1 - n, end + 1).map(codePointOf)));
  }
  return grams;
}

/** Numbers below a million as code points, beside the surrogates. */
const codePointOf = (word: number): number => (word < 0xd800 ? word : word + 0x800);

interface State {
  next: Map<number, number>;
  link: number;
  length: number;
  /** The longest suffix of the state's strings that was met. */
  met: number;
}

/** The automaton of all runs of words of some texts. */
function suffixAutomaton(texts: readonly (readonly number[])[]): {
  match(words: readonly number[]): void;
  longest(words: readonly number[]): number;
} {
  const states: State[] = [{ next: new Map(), link: -1, length: 0, met: 0 }];
  const extend = (last: number, word: number): number => {
    const copyOf = (of: number, length: number): number => {
      states.push({ next: new Map(states[of]!.next), link: states[of]!.link, length, met: 0 });
      return states.length - 1;
    };
    const redirect = (from: number, target: number, to: number): void => {
      for (let p = from; p >= 0 && states[p]!.next.get(word) === target; p = states[p]!.link)
        states[p]!.next.set(word, to);
    };
    const known = states[last]!.next.get(word);
    if (known !== undefined) {
      if (states[known]!.length === states[last]!.length + 1) return known;
      const clone = copyOf(known, states[last]!.length + 1);
      states[known]!.link = clone;
      redirect(last, known, clone);
      return clone;
    }
    const state = states.push({ next: new Map(), link: 0, length: states[last]!.length + 1, met: 0 }) - 1;
    let p = last;
    for (; p >= 0 && !states[p]!.next.has(word); p = states[p]!.link) states[p]!.next.set(word, state);
    if (p < 0) return state;
    const target = states[p]!.next.get(word)!;
    if (states[target]!.length === states[p]!.length + 1) {
      states[state]!.link = target;
      return state;
    }
    const clone = copyOf(target, states[p]!.length + 1);
    states[target]!.link = states[state]!.link = clone;
    redirect(p, target, clone);
    return state;
  };
  for (const text of texts) text.reduce(extend, 0);

  return {
    match(words) {
      let [state, length] = [0, 0];
      for (const word of words) {
        while (state > 0 && !states[state]!.next.has(word)) {
          state = states[state]!.link;
          length = Math.min(length, states[state]!.length);
        }
        const next = states[state]!.next.get(word);
        if (next === undefined) length = 0;
        else [state, length] = [next, length + 1];
        states[state]!.met = Math.max(states[state]!.met, length);
      }
    },
    longest(words) {
      // What was met in a state holds for its shorter suffixes: bring it down the links, longest states first.
      const order = states.map((_, i) => i).sort((a, b) => states[b]!.length - states[a]!.length);
      for (const at of order) {
        const { link, met } = states[at]!;
        if (link >= 0) states[link]!.met = Math.max(states[link]!.met, Math.min(met, states[link]!.length));
      }
      let [state, longest] = [0, 0];
      for (const word of words) {
        state = states[state]!.next.get(word) ?? 0;
        for (let p = state; p > 0; p = states[p]!.link) longest = Math.max(longest, states[p]!.met);
      }
      return longest;
    },
  };
}

/** Words of an n-gram that counts as copied: shorter ones stand in any two texts. */
export const COPIED_WORDS = 8;

/** What of a model's samples was met in the training text. */
export interface Copies {
  /** Share of their 8-grams of words; null where they have none. */
  seen: number | null;
  /** Words of the longest run of a sample. */
  longestRun: number;
}

/** The metrics of a model's samples by which runs are compared. */
export function sampleMetrics({ seen, longestRun }: Copies): Record<string, Metric> {
  if (seen === null) return {};
  return {
    sampleSeen8grams: { value: seen, better: 'lower' },
    sampleLongestCopy: { value: longestRun, unit: 'words', better: 'lower' },
  };
}

/** So much do texts of this kind share anyhow: it is of the text, not of a model, so that neither way is better. */
export const heldOutMetrics = (heldOut: number | null): Record<string, Metric> =>
  heldOut === null ? {} : { heldOutSeen8grams: { value: heldOut, guard: 'exact' } };

/** What a run's summary says of them; undefined where there is nothing to say. */
export function describeCopies(copies: Copies | null, heldOut: number | null): string | undefined {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const parts = [
    copies === null || copies.seen === null
      ? []
      : [`${percent(copies.seen)} of samples' 8-grams, ${copies.longestRun} words at most`],
    heldOut === null ? [] : [`${percent(heldOut)} of the held-out text's`],
  ].flat();
  return parts.length === 0 ? undefined : parts.join('; ');
}
