/** @file UTF-8 to token ids. */

import { createByteMerger } from './merge-bytes.ts';
import { createIdBuffer, type IdBuffer, pushId } from './id-buffer.ts';
import { latin1, ordinaryTokenIds, type BpeModel } from './model.ts';
import { normalizeNfc } from './normalize-nfc.ts';
import { createPreTokenCache } from './pre-token-cache.ts';
import { preTokenizer } from './pre-tokenizer.ts';

/** Appends the ids of the text `bytes[start ... end - 1]`. */
export type ByteEncoder = (
  bytes: Uint8Array,
  start: number,
  end: number,
  out: IdBuffer,
  options?: { allowSpecial?: boolean },
) => void;

/** Prepares a model for encoding. The encoder remembers the ids of the pre-tokens it has seen, within a limit. */
export function createByteEncoder(model: BpeModel): ByteEncoder {
  const ordinaryIds = ordinaryTokenIds(model);
  const mergeBytes = createByteMerger(model, ordinaryIds);
  const endOfPreToken = preTokenizer(model.pattern);
  const added = matcher(model, model.addedTokens ?? []);
  const addedAndSpecial = matcher(model, [...(model.addedTokens ?? []), ...model.specialTokens]);

  const cache = createPreTokenCache((bytes, start, end, out) => {
    const preToken = bytes.subarray(start, end);
    const id = model.ignoreMerges === true ? ordinaryIds.get(latin1(preToken)) : undefined;
    if (id !== undefined) return pushId(out, id);
    mergeBytes(preToken, out);
  });

  function appendOrdinary(bytes: Uint8Array, start: number, end: number, out: IdBuffer): void {
    const text = model.normalizer === 'NFC' ? normalizeNfc(bytes, start, end) : undefined;
    if (text !== undefined) return appendPreTokens(text, 0, text.length, out);
    appendPreTokens(bytes, start, end, out);
  }

  function appendPreTokens(bytes: Uint8Array, start: number, end: number, out: IdBuffer): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = start; at < end;) {
      const next = endOfPreToken(bytes, at, end);
      cache.append(bytes, view, at, next, out);
      at = next;
    }
  }

  return (bytes, start, end, out, { allowSpecial = false } = {}) => {
    let at = start;
    const find = allowSpecial ? addedAndSpecial : added;
    if (find !== undefined) {
      for (const { from, to, id } of find(bytes, start, end)) {
        appendOrdinary(bytes, at, from, out);
        pushId(out, id);
        at = to;
      }
    }
    appendOrdinary(bytes, at, end, out);
  };
}

/** The ids of one text. */
export function idsOf(encode: ByteEncoder, bytes: Uint8Array, options?: { allowSpecial?: boolean }): Uint32Array {
  const out = createIdBuffer(bytes.length >> 1);
  encode(bytes, 0, bytes.length, out, options);
  return out.ids.subarray(0, out.length);
}

/** Finds tokens that are written out in a text, at each place the longest; undefined where there are none to look for. */
function matcher({ vocabulary }: BpeModel, tokens: readonly { id: number }[]) {
  if (tokens.length === 0) return undefined;
  // As strings with one character per byte, so that places in the string are places in the bytes.
  const ids = new Map(tokens.map(({ id }) => [latin1(vocabulary[id]!), id]));
  const longestFirst = [...ids.keys()].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((spelling) => spelling.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const pattern = new RegExp(escaped.join('|'), 'g');
  return function* (bytes: Uint8Array, start: number, end: number) {
    for (const { 0: spelling, index } of latin1(bytes.subarray(start, end)).matchAll(pattern)) {
      const from = start + index;
      yield { from, to: from + spelling.length, id: ids.get(spelling)! };
    }
  };
}
