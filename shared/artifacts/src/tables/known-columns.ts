/** @file Which columns a table of a kind must have, so that its readers find them. */
import type { Field } from 'apache-arrow';
import * as kinds from './kinds.ts';
import type { TableKind } from './kinds.ts';
import type { TableMetadata } from './write-arrow.ts';

const isKind = (value: unknown): value is TableKind => typeof value === 'object' && value !== null && 'kind' in value;

const byKind: ReadonlyMap<string, TableKind> = new Map(
  [...Object.values(kinds).filter(isKind), kinds.picturesTable(1), kinds.tokensTable(1, false)].map((kind) => [kind.kind, kind]),
);

/** Sizes of lists vary within a kind, and so does the width of token ids. */
const spelling = ({ type, nullable }: Field): string => String(type).replace(/\[\d+\]/, '').replace(/^(FixedSizeList<)Uint(16|32)/, '$1Uint') + (nullable ? ' or null' : '');

/**
 * What a table of its kind must be, and this one is not: its version, or the first column that it has not, or with another type.
 * @returns undefined where all is there, or the kind is not of this project
 */
export function mismatch(fields: readonly Field[], { kind, version }: TableMetadata): string | undefined {
  const known = byKind.get(kind);
  if (known === undefined) return undefined;
  if (known.version !== version) return `it is of version ${version}, and not ${known.version}`;
  const found = new Map(fields.map((field) => [field.name, spelling(field)]));
  const missing = known.fields.find((field) => found.get(field.name) !== spelling(field));
  return missing === undefined ? undefined : `there is no column ${missing.name} of type ${String(missing.type)}`;
}
