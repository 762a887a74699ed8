/** @file Tells two artifacts of one kind apart. */
import { stat } from 'node:fs/promises';
import { mergesTable, readSchema, sha256OfFile } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import type { ArtifactDiff, FileDiff, SchemaDiff, TableDiff } from './diff.ts';
import type { LocatedArtifact } from './locate.ts';
import { diffMerges } from './merges.ts';
import { diffRows } from './rows.ts';
import { diffTensors, TENSOR_KINDS } from './tensors.ts';

/**
 * Compares file by file. Two single files are compared whatever they are called.
 * @throws UserError when two tables are of different kinds, or one cannot be read
 */
export async function diffArtifacts(a: LocatedArtifact, b: LocatedArtifact): Promise<ArtifactDiff> {
  const single = a.files.size === 1 && b.files.size === 1;
  const names = single ? [[...a.files.keys()][0]!] : [...new Set([...a.files.keys(), ...b.files.keys()])].sort();
  const files: FileDiff[] = [];
  for (const file of names) {
    const paths = { a: a.files.get(file), b: single ? [...b.files.values()][0] : b.files.get(file) };
    files.push(await diffFile(file, paths, { a, b }));
  }
  return { a: a.asked, b: b.asked, files };
}

async function diffFile(
  file: string,
  { a: pathA, b: pathB }: { a: string | undefined; b: string | undefined },
  artifacts: { a: LocatedArtifact; b: LocatedArtifact },
): Promise<FileDiff> {
  const size = async (path: string | undefined) => (path === undefined ? null : (await stat(path)).size);
  const bytes = { a: await size(pathA), b: await size(pathB) };
  if (pathA === undefined || pathB === undefined)
    return { file, only: pathA === undefined ? 'b' : 'a', same: false, bytes };
  if (bytes.a === bytes.b && (await sha256OfFile(pathA)) === (await sha256OfFile(pathB)))
    return { file, same: true, bytes };
  if (!file.endsWith('.arrow')) return { file, same: false, bytes };
  return { file, same: false, bytes, table: await diffTables(pathA, pathB, artifacts) };
}

async function diffTables(
  pathA: string,
  pathB: string,
  artifacts: { a: LocatedArtifact; b: LocatedArtifact },
): Promise<TableDiff> {
  const [a, b] = [await readSchema(pathA), await readSchema(pathB)];
  const kind = a.metadata['kind'];
  if (kind === undefined || kind !== b.metadata['kind'])
    throw otherKind(`${artifacts.a.asked}, ${artifacts.b.asked}`, [kind, b.metadata['kind']]);
  const vocabularies = [artifacts.a, artifacts.b].map(({ beside }) => beside.get('vocabulary.arrow'));
  const [vocabularyA, vocabularyB] = vocabularies;
  const merges =
    kind === mergesTable.kind && vocabularyA !== undefined && vocabularyB !== undefined
      ? {
          merges: await diffMerges(
            { merges: pathA, vocabulary: vocabularyA },
            { merges: pathB, vocabulary: vocabularyB },
          ),
        }
      : {};
  return {
    kind,
    schema: diffSchemas(a, b),
    rows: await diffRows(kind, pathA, pathB),
    ...(TENSOR_KINDS.includes(kind) ? { tensors: await diffTensors(kind, pathA, pathB) } : {}),
    ...merges,
  };
}

type Schema = Awaited<ReturnType<typeof readSchema>>;

function diffSchemas(a: Schema, b: Schema): SchemaDiff {
  const differing = (of: (schema: Schema) => Readonly<Record<string, string>>) =>
    [...new Set([...Object.keys(of(a)), ...Object.keys(of(b))])]
      .map((key) => ({ key, a: of(a)[key] ?? null, b: of(b)[key] ?? null }))
      .filter((each) => each.a !== each.b);
  return {
    columns: differing(({ columns }) => columns).map(({ key, ...types }) => ({ name: key, ...types })),
    metadata: differing(({ metadata }) => metadata),
  };
}

function otherKind(where: string, kinds: readonly (string | undefined)[]): UserError {
  return new UserError({
    what: 'these are tables of different kinds',
    where,
    expected: 'two tables of one kind',
    found: kinds.map((kind) => kind ?? 'no kind').join(' and '),
    fix: 'name the same step and file of two runs, for example --a=latest~1 --b=latest --artifact=train/weights.arrow',
  });
}
