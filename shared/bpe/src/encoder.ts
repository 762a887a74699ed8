/** @file Text to token ids, and back. */

import { UserError } from '@arrowsmith/errors';
import { createByteEncoder, idsOf } from './byte-encoder.ts';
import type { BpeModel } from './model.ts';

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
   * The bytes of a token; of a special token, those that it is written as. None where an id is not used.
   *
   * @throws UserError where the id is not in the vocabulary.
   */
  tokenBytes(id: number): Uint8Array;
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
  const { vocabulary, specialTokens } = model;
  const vocabularySize = vocabulary.length;
  const encodeBytes = createByteEncoder(model);
  const byteLengths = Int32Array.from(vocabulary, (bytes) => bytes.length);
  for (const { id } of specialTokens) byteLengths[id] = 0;
  const utf8 = new TextEncoder();

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
    encode(text, options) {
      return Array.from(idsOf(encodeBytes, utf8.encode(text), options));
    },
    decode(ids) {
      let bytes = new Uint8Array(1024);
      let length = 0;
      for (const id of ids) {
        const token = bytesOf(id);
        if (length + token.length > bytes.length) {
          const grown = new Uint8Array(2 * (length + token.length));
          grown.set(bytes);
          bytes = grown;
        }
        for (let i = 0; i < token.length; i++) bytes[length++] = token[i]!; // quicker than set() for a few bytes
      }
      return newDecoder().decode(bytes.subarray(0, length));
    },
    decodeStream() {
      const decoder = newDecoder();
      return {
        push: (id) => decoder.decode(bytesOf(id), { stream: true }),
        flush: () => decoder.decode(),
      };
    },
    tokenBytes: bytesOf,
    tokenByteLength(id) {
      return byteLengths[id] ?? bytesOf(id).length;
    },
  };
}

/** A decoder to which a byte order mark is text like any other. */
function newDecoder(): InstanceType<typeof TextDecoder> {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}
