/** @file The plain data of a byte-level BPE tokenizer. */

import type { PreTokenPattern } from './patterns.ts';

/**
 * A byte-level BPE tokenizer (Sennrich et al. 2016, on UTF-8 bytes as in GPT-2) as plain data. Ids are 0 ... vocabulary.length - 1.
 * The 256 single bytes are always in the vocabulary, so that every text can be encoded.
 */
export interface BpeModel {
  /** How text is cut into pre-tokens before merges are applied. */
  readonly pattern: PreTokenPattern;
  /** Tokens that stand for no text (end of text, ...), in ascending order of id. */
  readonly specialTokens: readonly SpecialToken[];
  /** Bytes of each id; of a special or added token: its content in UTF-8. No two ordinary tokens have the same bytes. */
  readonly vocabulary: readonly Uint8Array[];
  /** Pairs of ids in the order of their priority. A merge gives the ordinary token whose bytes are those of both. */
  readonly merges: readonly (readonly [left: number, right: number])[];
  /**
   * Tokens that stand for text which is never cut, like Qwen's `<think>`: they are found before pre-tokenization, whatever is allowed
   * of special tokens. In ascending order of id. Absent: none.
   */
  readonly addedTokens?: readonly SpecialToken[];
  /** Qwen's: text is encoded in Unicode normalization form C, so that decoding gives the text in that form. Absent: as it is. */
  readonly normalizer?: 'NFC';
  /** Llama 3's `ignore_merges`: a pre-token that is a token is that token, whatever the merges make of it. Absent: false. */
  readonly ignoreMerges?: boolean;
}

/** A token that stands for no text, and the string it is written as. */
export interface SpecialToken {
  readonly content: string;
  readonly id: number;
}

/** Ids of the ordinary (neither special nor added) tokens by their bytes, which are written as a Latin-1 string. */
export function ordinaryTokenIds(
  model: Pick<BpeModel, 'vocabulary' | 'specialTokens' | 'addedTokens'>,
): Map<string, number> {
  const special = new Set([...model.specialTokens, ...(model.addedTokens ?? [])].map((token) => token.id));
  const ids = new Map<string, number>();
  model.vocabulary.forEach((bytes, id) => {
    if (!special.has(id)) ids.set(latin1(bytes), id);
  });
  return ids;
}

/** A string with one character per byte: a key for maps. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
