/** @file How large stored weights are. */
import type { StoredTensor } from '@arrowsmith/artifacts';

/** Of all weights, those that stay float32 included. */
export function bitsPerWeight(tensors: Readonly<Record<string, StoredTensor>>): number {
  const stored = Object.values(tensors);
  const bytes = stored.reduce((sum, tensor) => sum + tensor.bytes.length, 0);
  const weights = stored.reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);
  return (8 * bytes) / weights;
}
