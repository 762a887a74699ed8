/** @file Values of a GGUF file's metadata by key, checked as they are read. */
import { UserError } from '@arrowsmith/errors';
import { shortened } from '../shortened.ts';
import type { GgufFile, GgufRead } from './read-gguf.ts';

/** What an architecture is read from. Keys are those behind its name: `block_count`. */
export interface MetadataFields {
  /** The architecture's name, which keys begin with. */
  architecture: string;
  /** A size: 1 or more. @throws UserError where it is not there, and there is no default */
  size(key: string, byDefault?: number): number;
  /** A number of 0 or more. */
  count(key: string, byDefault: number): number;
  /** The shortest decimal number that is the same float32. */
  float(key: string, byDefault?: number): number;
  text(key: string, byDefault: string): string;
  /** A list, or a single value; undefined where there is none. */
  any(key: string): GgufRead | undefined;
  /** An error about a key. */
  wrong(key: string, expected: string, found: unknown, fix?: string): UserError;
}

/** @param architecture what keys begin with */
export function metadataFields(
  { path, metadata }: Pick<GgufFile, 'path' | 'metadata'>,
  architecture: string,
): MetadataFields {
  const wrong = (key: string, expected: string, found: unknown, fix?: string): UserError =>
    new UserError({
      what: `the metadata of a GGUF file ${found === undefined ? 'lack' : 'have a wrong'} ${architecture}.${key}`,
      where: path,
      expected,
      found: found === undefined ? 'none' : shown(found),
      fix: fix ?? 'convert the model again',
    });
  const any = (key: string): GgufRead | undefined => metadata.get(`${architecture}.${key}`);
  /** Of a list, as some files have where layers may differ, the value that all have. */
  const single = (key: string): GgufRead | undefined => {
    const value = any(key);
    if (!Array.isArray(value)) return value;
    const [first] = value as readonly GgufRead[];
    if (first !== undefined && value.every((each) => each === first)) return first;
    throw wrong(key, 'one value for all layers', value, 'models whose layers differ in it are not supported');
  };
  const integer = (key: string, least: number, byDefault: number | undefined): number => {
    const value = single(key) ?? byDefault;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= 2 ** 31 - 1) return value;
    throw wrong(key, `a whole number of ${least} or more`, value);
  };
  return {
    architecture,
    size: (key, byDefault) => integer(key, 1, byDefault),
    count: (key, byDefault) => integer(key, 0, byDefault),
    float(key, byDefault) {
      const value = single(key) ?? byDefault;
      if (typeof value === 'number' && Number.isFinite(value)) return shortestDecimal(value);
      throw wrong(key, 'a number', value);
    },
    text(key, byDefault) {
      const value = any(key) ?? byDefault;
      if (typeof value === 'string') return value;
      throw wrong(key, 'a text', value);
    },
    any,
    wrong,
  };
}

/**
 * Of the decimal numbers that are the same in float32, the shortest: 0.00001 in place of 0.000009999999747378752.
 *
 * @param stored what a number is in the file
 */
export function shortestDecimal(value: number, stored: (value: number) => number = (same) => same): number {
  for (let digits = 1; digits < 10; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(stored(shorter)) === Math.fround(stored(value))) return shorter;
  }
  return value;
}

const shown = (value: unknown): string =>
  shortened(
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? String(value),
  );
