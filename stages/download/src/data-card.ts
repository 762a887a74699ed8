/** @file The data card of a corpus: what it is made of, where it comes from, what was taken away; as a table and in a few lines. */
import { optionalNumbers, strings, type Column } from '@arrowsmith/artifacts';
import {
  MAX_VOCABULARY,
  sourceTypeOf,
  type LeftOutReason,
  type ResolvedSource,
  type Screening,
} from '@arrowsmith/corpus';

export interface DataCard {
  source: ResolvedSource;
  train: Screening;
  validation: Screening;
  /** What was replaced by U+FFFD, and where the first of it is. */
  invalidUtf8: { replacements: number; firstPlace?: string };
  /** Records of the files that are no documents, as they hold no text. */
  leftOut: Record<LeftOutReason, number>;
}

interface Fact {
  section: 'origin' | 'files' | 'content' | 'lengths' | 'removed';
  split: '' | 'train' | 'validation';
  name: string;
  value: number | undefined;
  text: string;
}

/** The card as columns of `dataCardTable`. */
export function cardBatch(card: DataCard): Record<string, Column> {
  const facts = [
    ...originFacts(card),
    ...fileFacts(card),
    ...splitFacts('train', card.train),
    ...splitFacts('validation', card.validation),
  ];
  return {
    section: strings(facts.map(({ section }) => section)),
    split: strings(facts.map(({ split }) => split)),
    name: strings(facts.map(({ name }) => name)),
    value: optionalNumbers(facts.map(({ value }) => value)),
    text: strings(facts.map(({ text }) => text)),
  };
}

/** What is worth a line on the console. */
export function cardHighlights(
  { source, train, validation, invalidUtf8, leftOut }: DataCard,
  { removeLeaks, removeDuplicates }: { removeLeaks: boolean; removeDuplicates: boolean },
): Record<string, string> {
  const both = (count: (screening: Screening) => number) => count(train) + count(validation);
  const filtered = both(({ removed }) => sum(removed));
  const duplicates = both((split) => split.duplicates);
  const taken = [train, validation]
    .flatMap(({ removed }) => Object.keys(removed))
    .filter((rule, at, rules) => rules.indexOf(rule) === at)
    .map((rule) => `${whole(both(({ removed }) => (removed as Record<string, number>)[rule] ?? 0))} by ${rule}`);
  const mean = (train.bytes / train.documents).toFixed(0);
  return {
    data: `${sourceTypeOf(source).describe(source)} (licence: ${licence(source)})`,
    documents: `${describeCount(train)} for training, ${describeCount(validation)} for validation`,
    words:
      `${whole(train.words)}, ${describeVocabulary(train.vocabulary)} distinct; ` +
      `documents of ${whole(train.shortestBytes)} to ${whole(train.longestBytes)} bytes, ${mean} on average`,
    duplicates:
      `${duplicates === 0 ? 'none' : whole(duplicates)}${duplicates > 0 && removeDuplicates ? ', removed' : ''}; ` +
      `${train.leaks === 0 ? 'no' : whole(train.leaks)} training documents in the validation split` +
      (train.leaks === 0 ? '' : removeLeaks ? ', removed' : ', kept'),
    ...(filtered > 0 && {
      filtered: `${whole(filtered)} of ${whole(both(({ read }) => read))} documents: ${taken.join(', ')}`,
    }),
    ...(sum(leftOut) > 0 && { 'left out': describeLeftOut(leftOut) }),
    ...(invalidUtf8.replacements > 0 && {
      'invalid UTF-8': `${whole(invalidUtf8.replacements)} replaced by U+FFFD, the first at ${invalidUtf8.firstPlace}`,
    }),
  };
}

/** `3 of the source's records: 2 without the field, 1 with null in it`. */
function describeLeftOut({ missing, null: nulls, empty }: DataCard['leftOut']): string {
  const reasons = [
    ...(missing > 0 ? [`${whole(missing)} without the field`] : []),
    ...(nulls > 0 ? [`${whole(nulls)} with null in it`] : []),
    ...(empty > 0 ? [`${whole(empty)} with an empty text`] : []),
  ];
  return `${whole(missing + nulls + empty)} of the source's records: ${reasons.join(', ')}`;
}

function originFacts({ source, invalidUtf8, leftOut }: DataCard): Fact[] {
  const text = (name: string, value: string): Fact => ({
    section: 'origin',
    split: '',
    name,
    value: undefined,
    text: value,
  });
  const { replacements, firstPlace } = invalidUtf8;
  const type = sourceTypeOf(source);
  return [
    text('source', type.describe(source)),
    text('revision', type.revision(source)),
    text('licence', licence(source)),
    {
      ...number('content', '', 'invalid UTF-8', replacements),
      ...(firstPlace && { text: `${replacements}, first at ${firstPlace}` }),
    },
    number('content', '', 'without the field', leftOut.missing),
    number('content', '', 'null', leftOut.null),
    number('content', '', 'empty', leftOut.empty),
  ];
}

/** The files or packages that were read: bytes, and checksum as text. */
function fileFacts({ source }: DataCard): Fact[] {
  const listing = sourceTypeOf(source).listing?.(source) ?? [];
  return listing.map(({ split, name, bytes, checksum }) => {
    return { section: 'files', split, name, value: bytes, text: checksum };
  });
}

function splitFacts(split: 'train' | 'validation', screening: Screening): Fact[] {
  const { documents, bytes, characters, words, vocabulary, shortestBytes, longestBytes } = screening;
  const content = {
    documents,
    bytes,
    characters,
    words,
    shortestBytes,
    longestBytes,
    duplicates: screening.duplicates,
  };
  return [
    ...Object.entries(content).map(([name, value]) => number('content', split, name, value)),
    { ...number('content', split, 'vocabulary', vocabulary), text: describeVocabulary(vocabulary) },
    ...screening.lengths.map((count, i) =>
      number('lengths', split, i === 0 ? 'bytes 0' : `bytes from ${2 ** (i - 1)} to ${2 ** i - 1}`, count),
    ),
    number('removed', split, 'read', screening.read),
    number('removed', split, 'leaks', screening.leaks),
    ...Object.entries(screening.removed).map(([rule, count]) => number('removed', split, rule, count)),
  ];
}

const number = (section: Fact['section'], split: Fact['split'], name: string, value: number): Fact => ({
  section,
  split,
  name,
  value,
  text: whole(value),
});

const licence = (source: ResolvedSource): string => sourceTypeOf(source).licence(source) ?? 'not stated';

const describeVocabulary = (words: number): string => `${words >= MAX_VOCABULARY ? 'at least ' : ''}${whole(words)}`;

const describeCount = ({ documents, bytes }: Screening): string =>
  `${whole(documents)} (${(bytes / 1e6).toFixed(2)} MB)`;

const whole = (value: number): string => value.toLocaleString('en-US');

const sum = (counts: Partial<Record<string, number>>): number =>
  Object.values(counts).reduce((total: number, count) => total + (count ?? 0), 0);
