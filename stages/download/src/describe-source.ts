/** @file A source of text in a few words, and as metadata: of bounded size, however many files it has. */
import { createHash } from 'node:crypto';
import type { FileContent, HubFile, ResolvedSource } from '@arrowsmith/corpus';

/** Characters of a path that are shown. */
const PATH_LENGTH = 80;
/** Files that are listed one by one in metadata. */
const LISTED_FILES = 8;

/** One line. */
export function describeSource(source: ResolvedSource): string {
  switch (source.type) {
    case 'embedded':
      return `embedded corpus, seed ${source.seed}`;
    case 'pictures':
      return `generated pictures, seed ${source.seed}`;
    case 'package':
      return source.packages.map(({ name, version }) => `${name}@${version}`).join(', ');
    case 'url':
      return shortened(source.url);
    case 'file':
      return describeFiles(source.train);
    case 'hub': {
      const { firstBytes } = source.train[0]!;
      const part = firstBytes === undefined ? '' : `, first ${(firstBytes / 1e6).toFixed(1)} MB`;
      return `${source.repository}@${source.revision.slice(0, 7)} ${describeFiles(source.train)}${part}`;
    }
  }
}

function describeFiles(files: readonly { path: string }[]): string {
  const first = shortened(files[0]!.path);
  return files.length === 1 ? first : `${files.length} files, ${first} …`;
}

/** The end of a path tells more than its beginning. */
const shortened = (path: string): string =>
  path.length <= PATH_LENGTH ? path : `…${path.slice(path.length - PATH_LENGTH + 1)}`;

/** A source as JSON for the metadata of its tables: many files as their number, size, ends and one checksum. The data card lists them all. */
export function sourceMetadata(source: ResolvedSource): string {
  if (source.type !== 'file' && source.type !== 'hub') return JSON.stringify(source);
  const { train, validation, ...rest } = source;
  return JSON.stringify({
    ...rest,
    train: summarized(train),
    ...(validation && { validation: summarized(validation) }),
  });
}

function summarized(files: readonly (FileContent | HubFile)[]): unknown {
  if (files.length <= LISTED_FILES) return files;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const sha256 = checksumOfList(files.map((file) => file.sha256));
  return { files: files.length, bytes, first: files[0]!.path, last: files.at(-1)!.path, sha256OfList: sha256 };
}

/** One checksum for many: of their list, one per line. */
export function checksumOfList(checksums: readonly string[]): string {
  return createHash('sha256').update(checksums.join('\n')).digest('hex');
}
