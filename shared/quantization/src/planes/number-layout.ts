/** @file The numbers that can be stored as planes, and which of their bits are what. */

/**
 * A number, from its highest bit: a sign where there is one; the head, which has few values that are frequent, and is kept as a byte of its own, so that
 * an entropy coder sees it as one symbol; the tail, next to random, whose bits are planes.
 */
export interface NumberLayout {
  /** As models' tables have it. */
  readonly name: string;
  /** In a container. Never to be changed. */
  readonly code: number;
  readonly bits: 8 | 16 | 32;
  readonly isSigned: boolean;
  /** Of floats the mantissa. */
  readonly tail: number;
}

/** Floats' heads are their exponents; integers', in two's complement, the four highest bits. */
const ALL: readonly NumberLayout[] = [
  { name: 'f32', code: 1, bits: 32, isSigned: true, tail: 23 },
  { name: 'f16', code: 2, bits: 16, isSigned: true, tail: 10 },
  { name: 'bf16', code: 3, bits: 16, isSigned: true, tail: 7 },
  { name: 'int8', code: 4, bits: 8, isSigned: false, tail: 4 },
];

export const numberLayouts: ReadonlyMap<string, NumberLayout> = new Map(ALL.map((layout) => [layout.name, layout]));

/** The layout of a name, one of {@link numberLayouts}. */
export function layoutNamed(name: string): NumberLayout {
  const layout = numberLayouts.get(name);
  if (layout === undefined) throw new Error(`numbers of ${name} have no planes`);
  return layout;
}

/** Planes of a bit each: the tail's, from the lowest, and the sign's. */
export const restOf = ({ isSigned, tail }: NumberLayout): number => tail + (isSigned ? 1 : 0);

/** The largest head. */
export const headMask = (layout: NumberLayout): number => 2 ** (layout.bits - restOf(layout)) - 1;
