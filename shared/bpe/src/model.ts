/** @file The plain data of a byte-level BPE tokenizer. */

import type { CutStep } from './cuts.ts';
import type { NormalizerStep } from './normalizer.ts';
import type { PreTokenPattern } from './patterns.ts';

/**
 * A byte-level BPE tokenizer (Sennrich et al. 2016, on UTF-8 bytes as in GPT-2) as plain data. Ids are 0 ... vocabulary.length - 1.
 * The 256 single bytes are always in the vocabulary, so that every text can be encoded.
 */
export interface BpeModel {
  /** How text is cut into pre-tokens before merges are applied; behind `cuts` and `prefixSpace`, where there are such. */
  readonly pattern: PreTokenPattern;
  /** Tokens that stand for no text (end of text, ...), in ascending order of id. */
  readonly specialTokens: readonly AddedToken[];
  /**
   * Bytes of each id; of a special or added token: its content in UTF-8; empty where an id is not used, which only imported
   * tokenizers have. No two ordinary tokens have the same bytes.
   */
  readonly vocabulary: readonly Uint8Array[];
  /** Pairs of ids in the order of their priority. A merge gives the ordinary token whose bytes are those of both. */
  readonly merges: readonly (readonly [left: number, right: number])[];
  /**
   * Tokens that stand for text which is never cut, like Qwen's `<think>`: they are found before pre-tokenization, whatever is allowed
   * of special tokens. In ascending order of id. Absent: none.
   */
  readonly addedTokens?: readonly AddedToken[];
  /** What is done to text before it is encoded, as Qwen's normalization to NFC; decoding gives the text after that. Absent: nothing. */
  readonly normalizers?: readonly NormalizerStep[];
  /** Steps that cut text before `pattern` does, like the digits of SmolLM2. Absent: none. */
  readonly cuts?: readonly CutStep[];
  /** Each piece that `cuts` leave begins with a space, which is added where it is not there. Absent: false. */
  readonly prefixSpace?: boolean;
  /** Llama 3's `ignore_merges`: a pre-token that is a token is that token, whatever the merges make of it. Absent: false. */
  readonly ignoreMerges?: boolean;
}

/** A token that is found in the text, and how. Flags that are absent are false. */
export interface AddedToken {
  /** What it is written as. */
  readonly content: string;
  readonly id: number;
  /** It is looked for in normalized text, by its own normalized content, and after all that are looked for in the text as it is. */
  readonly normalized?: boolean;
  /** It counts only where no letter, digit or underscore stands beside it. */
  readonly singleWord?: boolean;
  /** It takes the white space before it. */
  readonly lstrip?: boolean;
  /** It takes the white space behind it. */
  readonly rstrip?: boolean;
  /** It is also a token like others: a byte, or what merges make. */
  readonly ordinary?: boolean;
}

/** Ids of the ordinary (neither only special nor only added) tokens by their bytes, which are written as a Latin-1 string. */
export function ordinaryTokenIds(
  model: Pick<BpeModel, 'vocabulary' | 'specialTokens' | 'addedTokens'>,
): Map<string, number> {
  const others = new Set<number>();
  for (const { id, ordinary } of model.specialTokens) if (ordinary !== true) others.add(id);
  for (const { id, ordinary } of model.addedTokens ?? []) if (ordinary !== true) others.add(id);
  const ids = new Map<string, number>();
  model.vocabulary.forEach((bytes, id) => {
    if (bytes.length > 0 && !others.has(id)) ids.set(latin1(bytes), id);
  });
  return ids;
}

/**
 * Whether every text decodes to itself. Normalization, white space that a token takes or a step removes, and a space put in
 * front lose something.
 */
export function isLossless({
  normalizers = [],
  cuts = [],
  prefixSpace = false,
  specialTokens,
  addedTokens = [],
}: BpeModel): boolean {
  const keepsText = (step: CutStep): boolean => {
    if (step.type === 'Split' || step.type === 'Punctuation') return step.behavior !== 'Removed';
    return step.type === 'Digits';
  };
  const keepsSpace = ({ lstrip = false, rstrip = false }: AddedToken): boolean => !lstrip && !rstrip;
  return (
    normalizers.length === 0 &&
    !prefixSpace &&
    cuts.every(keepsText) &&
    specialTokens.every(keepsSpace) &&
    addedTokens.every(keepsSpace)
  );
}

/** Bytes that become arguments of one call. */
const PART = 8192;

/** A string with one character per byte: a key for maps. */
export function latin1(bytes: Uint8Array): string {
  if (bytes.length <= PART) return String.fromCharCode(...bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += PART) text += String.fromCharCode(...bytes.subarray(at, at + PART));
  return text;
}
