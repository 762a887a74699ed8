/** @file What names and pronouns cost: does the model know who the story is about? */
import type { Metric } from '@arrowsmith/pipeline/stage';
import type { RowLosses } from '@arrowsmith/training';
import { type CreateMeasure, linesOf, type ModelLine, type Subject } from '../measure.ts';

export const namesAndPronouns: CreateMeasure = ({ textOf }) => {
  const counters = new Map<Subject, NameLossCounter>();
  return {
    begin(subject) {
      const counter = nameLossCounter(textOf);
      counters.set(subject, counter);
      return (row) => counter.add(row);
    },
    model: (subject) => nameMetrics(counters.get(subject)!.result()),
    async end() {
      const lines = [...counters].flatMap(([subject, counter]) => {
        const text = describeNames(counter.result());
        return text === undefined ? [] : [[subject, 'loss of words', text] as ModelLine];
      });
      return { highlights: linesOf(lines) };
    },
  };
};

/** Nats of words of a kind. */
export interface WordLoss {
  words: number;
  /** Nats per word, over all of its tokens; null where there is none. */
  loss: number | null;
}

export interface NameLosses {
  /** Names that the document has had before. */
  repeatedNames: WordLoss;
  /** The first time that a document has a name. */
  newNames: WordLoss;
  /** he, him, his, himself, she, her, hers, herself. */
  pronouns: WordLoss;
}

export interface NameLossCounter {
  /** Counts a row of the split; rows come in its order. */
  add(row: RowLosses): void;
  result(): NameLosses;
}

/** Letters of words; bytes beyond ASCII are letters, too. */
const WORD = /[A-Za-z\x80-\xff]+/g;
const PRONOUN = /^(?:he|him|his|himself|she|her|hers|herself)$/i;
/** What stands before a word that has a capital letter for no other reason than that a sentence begins. */
const SENTENCE_START = /(?:^|[.!?:]["'”’)]*\s+|["“]|\n\s*)$/;

/**
 * A name is a word with a capital letter that does not begin a sentence or speech, and is not "I": the rule for English, without a list of names.
 * @param textOf bytes that a token stands for; none for special tokens
 */
export function nameLossCounter(textOf: (id: number) => Uint8Array): NameLossCounter {
  const sums = { repeatedNames: [0, 0], newNames: [0, 0], pronouns: [0, 0] };
  let document = -1;
  let pieces: Uint8Array[] = [];
  let starts: number[] = [];
  let losses: number[] = [];
  let length = 0;

  const endDocument = (): void => {
    const text = Buffer.concat(pieces).toString('latin1'); // a character for each byte
    const known = new Set<string>();
    let token = 0;
    for (const { 0: word, index } of text.matchAll(WORD)) {
      const kind = kindOf(word, text.slice(Math.max(0, index - 8), index), known);
      while (token + 1 < starts.length && starts[token + 1]! <= index) token++;
      if (kind === null) continue;
      const sum = sums[kind];
      sum[0]!++;
      for (let t = token; t < starts.length && starts[t]! < index + word.length; t++) sum[1]! += losses[t]!;
    }
    [pieces, starts, losses, length] = [[], [], [], 0];
  };

  return {
    add({ targets, losses: ofRow, documents }) {
      for (const [position, target] of targets.entries()) {
        if (target < 0) continue;
        const of = documents?.[position] ?? 0;
        if (of !== document) {
          endDocument();
          document = of;
        }
        const bytes = textOf(target);
        if (bytes.length === 0) continue;
        pieces.push(bytes);
        starts.push(length);
        losses.push(ofRow[position]!);
        length += bytes.length;
      }
    },
    result() {
      endDocument();
      const lossOf = ([words, nats]: number[]): WordLoss => ({
        words: words!,
        loss: words === 0 ? null : nats! / words!,
      });
      return {
        repeatedNames: lossOf(sums.repeatedNames),
        newNames: lossOf(sums.newNames),
        pronouns: lossOf(sums.pronouns),
      };
    },
  };
}

function kindOf(word: string, before: string, known: Set<string>): keyof NameLosses | null {
  if (PRONOUN.test(word)) return 'pronouns';
  if (!/^[A-Z]/.test(word) || word === 'I' || /['’]$/.test(before)) return null;
  if (known.has(word)) return 'repeatedNames';
  if (SENTENCE_START.test(before)) return null;
  known.add(word);
  return 'newNames';
}

/** The metrics by which runs are compared. */
export function nameMetrics({ repeatedNames, newNames, pronouns }: NameLosses): Record<string, Metric> {
  const metric = (name: string, { loss }: WordLoss, more: Partial<Metric> = {}): Record<string, Metric> =>
    loss === null ? {} : { [name]: { value: loss, unit: 'nats per word', better: 'lower', perToken: true, ...more } };
  return {
    ...metric('repeatedNameLoss', repeatedNames, { guard: 'both' }),
    ...metric('newNameLoss', newNames),
    ...metric('pronounLoss', pronouns, { guard: 'both' }),
  };
}

/** What a run's summary says of them. */
export function describeNames({ repeatedNames, newNames, pronouns }: NameLosses): string | undefined {
  const parts = [
    repeatedNames.loss === null ? [] : [`repeated names ${repeatedNames.loss.toFixed(2)}`],
    newNames.loss === null ? [] : [`new ones ${newNames.loss.toFixed(2)}`],
    pronouns.loss === null ? [] : [`he, she and their forms ${pronouns.loss.toFixed(2)}`],
  ].flat();
  return parts.length === 0 ? undefined : `${parts.join(', ')} nats each`;
}
