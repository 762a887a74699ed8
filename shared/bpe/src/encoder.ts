/** @file Text to token ids, and back. */

import { UserError } from '@arrowsmith/errors';
import { createByteMerger } from './merge-bytes.ts';
import { latin1, ordinaryTokenIds, type BpeModel } from './model.ts';
import { ownCopy } from './own-copy.ts';
import { preTokens } from './pre-tokenization.ts';

/** Pre-tokens whose ids are remembered: more than the distinct words of a large corpus of stories; about 10 MB. */
const CACHE_ENTRIES = 65_536;
/** Longer pre-tokens (in UTF-16 units) seldom come twice. */
const CACHED_LENGTH = 64;

/** Options of {@link BpeEncoder.encode}. */
export interface EncodeOptions {
  /** Special tokens that are written out in the text become their ids. Default false: they are ordinary text. */
  allowSpecial?: boolean;
}

/** Turns text into ids and ids into text; made by {@link createEncoder}. */
export interface BpeEncoder {
  /** Number of ids: 0 ... vocabularySize - 1. */
  readonly vocabularySize: number;
  /**
   * The ids of a text. Nothing is added: no beginning-of-text token, no leading space. Lone surrogates, which UTF-8 cannot
   * express, count as U+FFFD.
   */
  encode(text: string, options?: EncodeOptions): number[];
  /**
   * The text of ids, special tokens written out. Bytes that are not UTF-8 become U+FFFD.
   *
   * @throws UserError where an id is not in the vocabulary.
   */
  decode(ids: Iterable<number>): string;
  /** Decodes ids as they come. All that is pushed and the final flush give together what `decode` gives. */
  decodeStream(): DecodeStream;
  /**
   * Bytes of text that a token stands for; 0 for special tokens.
   *
   * @throws UserError where the id is not in the vocabulary.
   */
  tokenByteLength(id: number): number;
}

/** Text that grows token by token and never shows part of a character. */
export interface DecodeStream {
  /**
   * The characters that this token completes; the empty string where it ends within one.
   *
   * @throws UserError where the id is not in the vocabulary.
   */
  push(id: number): string;
  /** U+FFFD where the tokens ended within a character, otherwise the empty string. The stream may then be used anew. */
  flush(): string;
}

/** Prepares a model for encoding and decoding. The encoder remembers the ids of the pre-tokens it has seen, within a limit. */
export function createEncoder(model: BpeModel): BpeEncoder {
  const { vocabulary, specialTokens, pattern } = model;
  const vocabularySize = vocabulary.length;
  const ordinaryIds = ordinaryTokenIds(model);
  const mergeBytes = createByteMerger(model, ordinaryIds);
  const specialIds = new Map(specialTokens.map(({ content, id }) => [content, id]));
  const specialPattern = anyOf([...specialIds.keys()]);
  const byteLengths = Int32Array.from(vocabulary, (bytes) => bytes.length);
  for (const { id } of specialTokens) byteLengths[id] = 0;

  const utf8 = new TextEncoder();
  let buffer = new Uint8Array(256);
  const cache = new Map<string, readonly number[]>();

  function encodePreToken(preToken: string): readonly number[] {
    // A UTF-16 unit takes at most 3 bytes of UTF-8.
    if (buffer.length < 3 * preToken.length) buffer = new Uint8Array(6 * preToken.length);
    const { written } = utf8.encodeInto(preToken, buffer);
    if (model.ignoreMerges === true) {
      const id = ordinaryIds.get(latin1(buffer.subarray(0, written)));
      if (id !== undefined) return [id];
    }
    const ids: number[] = [];
    mergeBytes(buffer, written, ids);
    return ids;
  }

  function appendOrdinary(text: string, ids: number[]): void {
    for (const preToken of preTokens(text, pattern)) {
      let tokenIds = cache.get(preToken);
      if (tokenIds === undefined) {
        tokenIds = encodePreToken(preToken);
        if (preToken.length <= CACHED_LENGTH) {
          if (cache.size === CACHE_ENTRIES) cache.clear();
          cache.set(ownCopy(preToken), tokenIds);
        }
      }
      for (const id of tokenIds) ids.push(id);
    }
  }

  function bytesOf(id: number): Uint8Array {
    const bytes = vocabulary[id];
    if (bytes !== undefined) return bytes;
    throw new UserError({
      what: `token id ${id} is not in the vocabulary`,
      expected: `an integer from 0 to ${vocabularySize - 1}`,
      fix: 'use the tokenizer that the tokens were made with',
    });
  }

  return {
    vocabularySize,
    encode(text, { allowSpecial = false } = {}) {
      const ids: number[] = [];
      let end = 0;
      if (allowSpecial && specialPattern !== undefined) {
        for (const match of text.matchAll(specialPattern)) {
          appendOrdinary(text.slice(end, match.index), ids);
          ids.push(specialIds.get(match[0])!);
          end = match.index + match[0].length;
        }
      }
      appendOrdinary(end === 0 ? text : text.slice(end), ids);
      return ids;
    },
    decode(ids) {
      return newDecoder().decode(Buffer.concat(Array.from(ids, bytesOf)));
    },
    decodeStream() {
      const decoder = newDecoder();
      return {
        push: (id) => decoder.decode(bytesOf(id), { stream: true }),
        flush: () => decoder.decode(),
      };
    },
    tokenByteLength(id) {
      return byteLengths[id] ?? bytesOf(id).length;
    },
  };
}

/** A decoder to which a byte order mark is text like any other. */
function newDecoder(): InstanceType<typeof TextDecoder> {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

/** Matches any of the strings, at each place the longest; undefined where there are none. */
function anyOf(strings: readonly string[]): RegExp | undefined {
  if (strings.length === 0) return undefined;
  const longestFirst = [...strings].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((string) => string.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'gu');
}
