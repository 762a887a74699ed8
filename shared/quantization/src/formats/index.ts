/** @file All number formats, by name. */
import { BF16, F16, F32 } from './floats.ts';
import { GROUP_FORMATS } from './groups.ts';
import { INT8 } from './int8-rows.ts';
import { IQ4_NL } from './iq4-nl.ts';
import type { NumberFormat } from './number-format.ts';
import { Q4_0, Q5_0 } from './q-0.ts';
import { Q4_1, Q5_1 } from './q-1.ts';
import { Q2_K } from './q2-k.ts';
import { Q3_K } from './q3-k.ts';
import { Q4_K, Q5_K } from './q4-k.ts';
import { Q6_K } from './q6-k.ts';
import { Q8_0 } from './q8-0.ts';

export type { NumberFormat } from './number-format.ts';

const ALL: readonly NumberFormat[] = [
  F32,
  F16,
  BF16,
  INT8,
  ...GROUP_FORMATS,
  Q8_0,
  Q5_1,
  Q5_0,
  Q4_1,
  Q4_0,
  IQ4_NL,
  Q6_K,
  Q5_K,
  Q4_K,
  Q3_K,
  Q2_K,
];

/** Formats by name. */
export const numberFormats: ReadonlyMap<string, NumberFormat> = new Map(ALL.map((format) => [format.name, format]));

/** The format of a name, one of {@link numberFormats}. */
export function formatNamed(name: string): NumberFormat {
  const format = numberFormats.get(name);
  if (format === undefined) throw new Error(`there is no number format ${name}`);
  return format;
}

/**
 * The format for rows of a length: the asked one where they are a whole number of its blocks, and else the one that it {@link NumberFormat.fallback |
 * falls back} to, until one takes them.
 */
export function formatForRows(name: string, columns: number): NumberFormat {
  const format = formatNamed(name);
  const { blockSize, fallback } = format;
  return columns % blockSize === 0 || fallback === undefined ? format : formatForRows(fallback, columns);
}

/** Bits that a weight takes, of rows of this length. */
export const bitsPerWeight = (format: NumberFormat, columns: number): number =>
  (8 * format.bytes(1, columns)) / columns;
