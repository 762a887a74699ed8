/**
 * @file What `check-artifacts.py` knows of the tables: their kinds, versions and columns, as JSON, from `kinds.ts`. `npm run schema` writes
 * `artifact-kinds.json`; a test holds the two against each other.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as artifacts from '@arrowsmith/artifacts';
import type { TableKind } from '@arrowsmith/artifacts';

/** A column as pyarrow describes it. */
interface Column {
  name: string;
  /** pyarrow's name of the type; null where it depends on the artifact, such as the length of a row. */
  type: string | null;
  nullable: boolean;
  /** Whether some tables of the kind do not have it. */
  optional?: true;
}

export const ARTIFACT_KINDS = join(import.meta.dirname, 'artifact-kinds.json');

type Field = TableKind['fields'][number];

/** What Arrow calls its types, and pyarrow. */
const TYPE_NAMES: Record<string, string> = { Utf8: 'string', Float32: 'float', Float64: 'double' };

/** The type of a column as pyarrow prints it, e.g. `list<item: int32 not null>`. */
function pyarrowType(type: Field['type']): string {
  const children = (type.children ?? []) as Field[];
  const inner = children.map(
    (child) => `${child.name}: ${pyarrowType(child.type)}${child.nullable ? '' : ' not null'}`,
  );
  const text = String(type);
  if (text.startsWith('List')) return `list<${inner.join()}>`;
  if (text.startsWith('FixedSizeList'))
    return `fixed_size_list<${inner.join()}>[${(type as unknown as { listSize: number }).listSize}]`;
  if (text.startsWith('Struct')) return `struct<${inner.join(', ')}>`;
  if (text.startsWith('Timestamp')) return 'timestamp[ms, tz=UTC]';
  return TYPE_NAMES[text] ?? text.toLowerCase();
}

/** All kinds of tables, by name; of one whose columns depend on the artifact, the smallest and the largest. */
function tableKinds(): TableKind[] {
  const isKind = (value: unknown): value is TableKind =>
    typeof value === 'object' && value !== null && 'kind' in value && 'fields' in value;
  const { picturesTable, runsTable, tokensTable } = artifacts;
  return [
    ...Object.values(artifacts).filter(isKind),
    { ...runsTable, fields: runsTable.fields.slice(0, -1) }, // of before runs had its last column
    picturesTable(1),
    picturesTable(2),
    tokensTable(1, false),
    tokensTable(2, true, 1),
    tokensTable(2, true, 2),
  ];
}

/** @returns by kind: the version, and the columns in order */
export function artifactKinds(): Record<string, { version: string; columns: Column[] }> {
  const all = tableKinds();
  const entries = [...new Set(all.map(({ kind }) => kind))].sort().map((kind) => {
    const variants = all.filter((table) => table.kind === kind);
    const names = [...new Set(variants.flatMap(({ fields }) => fields.map(({ name }) => name)))];
    const columns = names.map((name): Column => {
      const found = variants.flatMap(({ fields }) => fields.filter((field) => field.name === name));
      const types = [...new Set(found.map(({ type }) => pyarrowType(type)))];
      const type = types.length === 1 ? types[0]! : null;
      return {
        name,
        type,
        nullable: found[0]!.nullable,
        ...(found.length < variants.length ? { optional: true } : {}),
      };
    });
    return [kind, { version: variants[0]!.version, columns }] as const;
  });
  return Object.fromEntries(entries);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(ARTIFACT_KINDS, `${JSON.stringify(artifactKinds(), null, 2)}\n`);
}
