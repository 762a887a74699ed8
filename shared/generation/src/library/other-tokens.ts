/** @file Whether two tokenizers have the same tokens. */
import type { BpeModel } from '@arrowsmith/bpe';

/** The first id that stands for one text here and for another there, and both as they are shown; undefined where there is none. */
export function firstOtherToken(
  one: BpeModel,
  other: BpeModel,
): { id: number; one: string; other: string } | undefined {
  const nothing: Uint8Array = new Uint8Array();
  const [own, others] = [one.vocabulary, other.vocabulary];
  const ids = Array.from({ length: Math.max(own.length, others.length) }, (_, id) => id);
  const id = ids.find((each) => Buffer.compare(own[each] ?? nothing, others[each] ?? nothing) !== 0);
  return id === undefined ? undefined : { id, one: shown(own[id]), other: shown(others[id]) };
}

const shown = (bytes: Uint8Array = new Uint8Array()): string =>
  bytes.length === 0 ? 'none' : JSON.stringify(Buffer.from(bytes).toString());
