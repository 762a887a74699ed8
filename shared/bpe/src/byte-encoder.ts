/** @file UTF-8 to token ids: the inner loop of encoding. */

import { createTokenFinder, type TokenFinder } from './added-tokens.ts';
import { createCutter } from './cuts.ts';
import { createIdBuffer, type IdBuffer, pushId } from './id-buffer.ts';
import { createByteMerger } from './merge-bytes.ts';
import { type AddedToken, type BpeModel, latin1, ordinaryTokenIds } from './model.ts';
import { createNormalizer, normalizeText } from './normalizer.ts';
import { createPreTokenCache } from './pre-token-cache.ts';
import { preTokenizer } from './pre-tokenizer.ts';
import { UTF8 } from './utf8.ts';

/** Appends the ids of the text `bytes[start ... end - 1]`. */
export type ByteEncoder = (
  bytes: Uint8Array,
  start: number,
  end: number,
  out: IdBuffer,
  options?: { allowSpecial?: boolean },
) => void;

/** Called with a pre-token: `bytes[start ... end - 1]`, never empty. */
type Visit = (bytes: Uint8Array, start: number, end: number) => void;

/** Prepares a model for encoding. The encoder remembers the ids of the pre-tokens it has seen, within a limit. */
export function createByteEncoder(model: BpeModel): ByteEncoder {
  const ordinaryIds = ordinaryTokenIds(model);
  const mergeBytes = createByteMerger(model, ordinaryIds);
  const forEachPreToken = createPreTokenVisitor(model);
  const normalize = createNormalizer(model.normalizers);
  const findAsWritten = finder(model, false);
  const findNormalized = finder(model, true);

  const cache = createPreTokenCache((bytes, start, end, out) => {
    const preToken = bytes.subarray(start, end);
    const id = model.ignoreMerges === true ? ordinaryIds.get(latin1(preToken)) : undefined;
    if (id !== undefined) return pushId(out, id);
    mergeBytes(preToken, out);
  });

  return (bytes, start, end, out, { allowSpecial = false } = {}) => {
    const appendOrdinary: Visit = (text, from, to) => {
      const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
      forEachPreToken(text, from, to, (piece, first, last) => {
        // A space in front makes bytes of its own.
        const its = piece === text ? view : new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
        cache.append(piece, its, first, last, out);
      });
    };
    const appendNormalized: Visit = (text, from, to) => around(findNormalized, text, from, to, appendOrdinary);
    const appendText: Visit = (text, from, to) => {
      const normalized = normalize?.(text, from, to);
      if (normalized === undefined) appendNormalized(text, from, to);
      else appendNormalized(normalized, 0, normalized.length);
    };
    /** Appends the tokens that are found, and leaves the text around them to `append`. */
    function around(find: TokenFinder | undefined, text: Uint8Array, first: number, last: number, append: Visit): void {
      let at = first;
      find?.(text, first, last, allowSpecial, (from, to, id) => {
        if (at < from) append(text, at, from);
        pushId(out, id);
        at = to;
      });
      if (at < last) append(text, at, last);
    }
    around(findAsWritten, bytes, start, end, appendText);
  };
}

/** The ids of one text. */
export function idsOf(encode: ByteEncoder, bytes: Uint8Array, options?: { allowSpecial?: boolean }): Uint32Array {
  const out = createIdBuffer(bytes.length >> 1);
  encode(bytes, 0, bytes.length, out, options);
  return out.ids.subarray(0, out.length);
}

/**
 * Prepares the pre-tokenization of a model: the pieces of a (normalized) text that no merge crosses, in their order. Together
 * they are the text, unless the model removes white space or the like, or puts a space in front.
 */
export function createPreTokenVisitor({
  pattern,
  cuts = [],
  prefixSpace = false,
}: Pick<BpeModel, 'pattern' | 'cuts' | 'prefixSpace'>): (
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: Visit,
) => void {
  const endOfPreToken = preTokenizer(pattern);
  const cut = cuts.length === 0 ? undefined : createCutter(cuts);
  const cutByPattern = (bytes: Uint8Array, start: number, end: number, visit: Visit): void => {
    for (let at = start; at < end;) {
      const next = endOfPreToken(bytes, at, end);
      visit(bytes, at, next);
      at = next;
    }
  };
  const cutPiece = (bytes: Uint8Array, start: number, end: number, visit: Visit): void => {
    if (!prefixSpace || bytes[start] === SPACE || start === end) return cutByPattern(bytes, start, end, visit);
    const prefixed = new Uint8Array(1 + end - start);
    prefixed[0] = SPACE;
    prefixed.set(bytes.subarray(start, end), 1);
    cutByPattern(prefixed, 0, prefixed.length, visit);
  };
  if (cut === undefined) return cutPiece;
  return (bytes, start, end, visit) => cut(bytes, start, end, (piece, from, to) => cutPiece(piece, from, to, visit));
}

const SPACE = 0x20;

/** What finds the added and special tokens that are looked for in normalized text, or those that are not. */
function finder(
  { specialTokens, addedTokens = [], normalizers = [] }: BpeModel,
  normalized: boolean,
): TokenFinder | undefined {
  const sought = (tokens: readonly AddedToken[], special: boolean) =>
    tokens
      .filter((token) => (token.normalized ?? false) === normalized)
      .map((token) => {
        const spelling = normalized ? normalizeText(normalizers, token.content) : token.content;
        return { bytes: UTF8.encode(spelling), token, special };
      });
  return createTokenFinder([...sought(specialTokens, true), ...sought(addedTokens, false)]);
}
