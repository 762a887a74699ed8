/** @file What a model's matrices are stored in, where their rows are no whole number of blocks of the format that was asked for. */
import type { StoredTensor } from '@arrowsmith/artifacts';
import { formatOfNumbers, isQuantizable } from '@arrowsmith/quantization';

/** The format that was asked for, and how many matrices have which other: `Q2_K (IQ4_NL for 15 of 15)`. */
export function usedFormats(asked: string, tensors: Readonly<Record<string, StoredTensor>>): string {
  const matrices = Object.values(tensors).filter(({ shape }) => isQuantizable(shape));
  const others = new Map<string, number>();
  for (const format of matrices.map((matrix) => formatOfNumbers(matrix.format)))
    if (format !== asked) others.set(format, (others.get(format) ?? 0) + 1);
  if (others.size === 0) return asked;
  const counts = [...others].map(([format, count]) => `${format} for ${count}`);
  return `${asked} (${counts.join(', ')} of ${matrices.length})`;
}
