/** @file Which token each merge makes. */
import { type BpeModel, latin1, ordinaryTokenIds } from './model.ts';

/** The id that each merge makes, in the order of `model.merges`. */
export function mergeProducts(model: BpeModel): Int32Array {
  const ids = ordinaryTokenIds(model);
  const bytesOf = (id: number): string => latin1(model.vocabulary[id]!);
  return Int32Array.from(model.merges, ([left, right]) => ids.get(bytesOf(left) + bytesOf(right))!);
}
