/** @file The files of a source, pinned by checksum: compared, listed, and said in a few words, however many they are. */
import { createHash } from 'node:crypto';
import { UserError } from '@arrowsmith/errors';
import * as z from 'zod';
import type { ListedFile } from './source-type.ts';

/** A file that is always the same. */
interface File {
  path: string;
  bytes: number;
  sha256: string;
}

interface FileLists {
  train: readonly File[];
  validation?: readonly File[];
}

export const checksum = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected a sha256: 64 lower-case hexadecimal digits')
  .describe('sha256 of the whole file');

/**
 * The same text for training and validation is a mistake that no metric shows.
 *
 * @throws {UserError}
 */
export function requireDisjoint({ train, validation = [] }: FileLists): void {
  const training = new Set(train.map(({ sha256 }) => sha256));
  const shared = validation.find(({ sha256 }) => training.has(sha256));
  if (shared === undefined) return;
  throw new UserError({
    what: `${shared.path}: the same file is used for training and for validation`,
    fix: 'leave out the validation file: a share of the documents is then held out',
  });
}

/** Characters of a path that are shown. */
const PATH_LENGTH = 80;
/** Files that are listed one by one in metadata. */
const LISTED_FILES = 8;

/** The end of a path tells more than its beginning. */
export const shortened = (path: string): string =>
  path.length <= PATH_LENGTH ? path : `…${path.slice(path.length - PATH_LENGTH + 1)}`;

/** One name for one file; of many, their number and the first. */
export function describeList(files: readonly File[]): string {
  const first = shortened(files[0]?.path ?? '');
  return files.length === 1 ? first : `${files.length} files, ${first} …`;
}

/** One checksum for one file; of many, that of the list of theirs. */
export function revisionOfLists({ train, validation = [] }: FileLists): string {
  const files = [...train, ...validation];
  return files.length === 1
    ? `sha256 ${files[0]?.sha256}`
    : `sha256 ${checksumOfList(files)} of the list of ${files.length} checksums`;
}

/** Every file, for the data card. */
export function listingOf({ train, validation = [] }: FileLists): ListedFile[] {
  const listed =
    (split: ListedFile['split']) =>
    ({ path, bytes, sha256 }: File): ListedFile => ({ split, name: path, bytes, checksum: `sha256 ${sha256}` });
  return [...train.map(listed('train')), ...validation.map(listed('validation'))];
}

/** A source for metadata: many files as their number, size, ends and one checksum. */
export function summaryOfLists({ train, validation, ...rest }: FileLists): object {
  return { ...rest, train: summarized(train), ...(validation && { validation: summarized(validation) }) };
}

function summarized(files: readonly File[]): object {
  if (files.length <= LISTED_FILES) return files;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const [first, last] = [files[0]?.path, files.at(-1)?.path];
  return { files: files.length, bytes, first, last, sha256OfList: checksumOfList(files) };
}

/** One checksum for many: of their list, one per line. */
const checksumOfList = (files: readonly File[]): string =>
  createHash('sha256')
    .update(files.map(({ sha256 }) => sha256).join('\n'))
    .digest('hex');
