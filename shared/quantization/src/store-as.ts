/** @file Tensors that are stored in a format of choice. */
import type { StoredTensor } from '@arrowsmith/artifacts';
import { formatForRows } from './formats/index.ts';
import { quantize } from './formats/quantize.ts';
import type { FloatTensor } from './int8.ts';

/**
 * A tensor in the format of a name, or in the one that {@link formatForRows} has for its rows.
 *
 * @param name for errors
 * @throws UserError for a weight that is not finite, or larger than the format's numbers
 */
export function storeAs(format: string, { shape, data }: FloatTensor, name?: string): StoredTensor {
  const columns = shape.at(-1) ?? 1;
  const chosen = formatForRows(format, columns);
  return { shape, format: chosen.name, bytes: quantize(chosen.name, data, columns, name) };
}
