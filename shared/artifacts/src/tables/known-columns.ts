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
 * The first column that a table of its kind and version must have, and this one has not, or with another type.
 * @returns undefined where all are there, or the kind is not of this project or of another version
 */
export function missingColumn(fields: readonly Field[], { kind, version }: TableMetadata): string | undefined {
  const known = byKind.get(kind);
  if (known === undefined || known.version !== version) return undefined;
  const found = new Map(fields.map((field) => [field.name, spelling(field)]));
  const missing = known.fields.find((field) => found.get(field.name) !== spelling(field));
  return missing === undefined ? undefined : `${missing.name} of type ${String(missing.type)}`;
}
