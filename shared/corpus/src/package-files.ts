/** @file The files of an npm package that hold text: chosen by patterns and unpacked from its tarball, which is not trusted. */

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import picomatch from 'picomatch';
import { Parser } from 'tar';
import type { ReadEntry } from 'tar';
import { decompressedChunks } from './formats/compression.ts';
import type { CorpusFile } from './formats/corpus-file.ts';
import { listNames } from './formats/record.ts';

/** Limits, far above what packages have: npm's own registry takes tarballs of some hundred megabytes at most. */
export interface TarballLimits {
  /** Of the tarball when it is decompressed. */
  bytes: number;
  /** Of one file that is chosen, which is in memory while it is unpacked. */
  fileBytes: number;
  entries: number;
}
const LIMITS: TarballLimits = { bytes: 2 ** 33, fileBytes: 2 ** 29, entries: 1_000_000 };

/** What to unpack. */
export interface Selection {
  /** Of the package, for messages. */
  name: string;
  train: readonly string[];
  validation?: readonly string[] | undefined;
}

/**
 * Unpacks the files that the patterns choose into `directory`, which is emptied first, under names that are numbers: no path of
 * the tarball becomes a path on this machine. In the tarball the first folder of each path (`package/`) counts for nothing.
 *
 * @returns the files in the order of their patterns, those of one pattern sorted by code point
 * @throws {UserError} for a pattern that matches nothing, files chosen for both splits, links among the chosen files, paths
 *   that lead out of the package, a tarball that is damaged or larger than the limits
 */
export async function unpackPackage(
  tarball: string,
  bytes: number,
  selection: Selection,
  directory: string,
  signal?: AbortSignal,
  limits: TarballLimits = LIMITS,
): Promise<{ train: CorpusFile[]; validation?: CorpusFile[] }> {
  const { name } = selection;
  const train = matcher(selection.train);
  const validation = matcher(selection.validation ?? []);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });

  const seen = new Set<string>();
  const unpacked = new Map<string, CorpusFile>();
  const others: string[] = [];
  await eachFile({ path: tarball, name, bytes, cut: false }, limits, signal, {
    chooses: (path) => {
      const chosen = train.matches(path) || validation.matches(path);
      if (!chosen && others.length < 100) others.push(path);
      if (chosen && seen.has(path)) throw hostile(name, `the file ${path.slice(0, 200)} twice`);
      if (chosen) seen.add(path);
      return chosen;
    },
    take: async (path, content) => {
      const target = join(directory, String(unpacked.size));
      unpacked.set(path, { path: target, name: `${name}/${path}`, bytes: content.length, cut: false });
      await writeFile(target, content);
    },
  });

  const paths = [...unpacked.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const filesOf = ({ patterns }: ReturnType<typeof matcher>): CorpusFile[] => {
    const chosen = patterns.flatMap(({ pattern, matches }) => {
      const found = paths.filter(matches);
      if (found.length > 0) return found;
      throw new UserError({
        what: `no file of ${name} matches ${pattern}`,
        found: listNames([...paths, ...others], 'no files', 'the files '),
        fix: 'correct the paths of the source',
      });
    });
    return [...new Set(chosen)].map((path) => unpacked.get(path)!);
  };
  const files = filesOf(train);
  if (selection.validation === undefined) return { train: files };
  const heldOut = filesOf(validation);
  const shared = heldOut.find((file) => files.includes(file));
  if (shared === undefined) return { train: files, validation: heldOut };
  throw new UserError({
    what: `${shared.name}: the same file is used for training and for validation`,
    fix: 'leave out the validation files: a share of the documents is then held out; or narrow the patterns',
  });
}

function matcher(list: readonly string[]) {
  const leftOut = list.filter((pattern) => pattern.startsWith('!')).map((pattern) => picomatch(pattern.slice(1)));
  const patterns = list
    .filter((pattern) => !pattern.startsWith('!'))
    .map((pattern) => {
      const glob = picomatch(pattern);
      return {
        pattern,
        matches: (path: string) => (path === pattern || glob(path)) && !leftOut.some((matches) => matches(path)),
      };
    });
  return { patterns, matches: (path: string) => patterns.some(({ matches }) => matches(path)) };
}

interface Visitor {
  chooses: (path: string) => boolean;
  take: (path: string, content: Buffer) => Promise<void>;
}

/** Goes through a tarball, file by file, in memory bounded by the largest file that is chosen. */
async function eachFile(
  tarball: CorpusFile,
  limits: TarballLimits,
  signal: AbortSignal | undefined,
  { chooses, take }: Visitor,
): Promise<void> {
  const { name } = tarball;
  let failure: unknown;
  let entries = 0;
  const complete: { path: string; content: Buffer }[] = [];
  const fail = (error: unknown): void => void (failure ??= error);

  const onReadEntry = (entry: ReadEntry): void => {
    const path = entry.path.split('/').slice(1).join('/');
    let chosen = false;
    try {
      if (++entries > limits.entries) throw hostile(name, `more than ${limits.entries} files`);
      if (isOutside(entry.path)) throw hostile(name, `the path ${JSON.stringify(entry.path.slice(0, 200))}`);
      chosen = entry.type !== 'Directory' && chooses(path);
      if (chosen && !['File', 'OldFile', 'ContiguousFile'].includes(entry.type)) {
        throw hostile(name, `${path.slice(0, 200)}, which is no file but a ${entry.type}`);
      }
      if (chosen && entry.size > limits.fileBytes) throw hostile(name, `${path.slice(0, 200)} of ${entry.size} bytes`);
    } catch (error) {
      fail(error);
    }
    const chunks: Buffer[] = [];
    if (chosen && failure === undefined) {
      entry.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
      entry.on('end', () => complete.push({ path, content: Buffer.concat(chunks) }));
    }
    entry.resume();
  };

  const parser = new Parser({ strict: true, onReadEntry, maxMetaEntrySize: 2 ** 20 });
  parser.on('error', (error) => fail(damaged(tarball, error)));
  parser.on('abort', (error) => fail(damaged(tarball, error)));
  const store = async (): Promise<void> => {
    if (failure !== undefined) throw failure;
    for (const { path, content } of complete.splice(0)) await take(path, content);
  };

  let unpacked = 0;
  for await (const chunk of decompressedChunks(tarball, 'gzip', { signal })) {
    unpacked += chunk.length;
    if (unpacked > limits.bytes) throw hostile(name, `more than ${limits.bytes} bytes when it is decompressed`);
    parser.write(chunk);
    await store();
  }
  const ended = new Promise<void>((resolve) => {
    for (const event of ['end', 'close', 'error', 'abort']) parser.on(event, () => resolve());
  });
  parser.end();
  await ended;
  await store();
}

/** Whether a path is not one of files below a folder: absolute, of Windows, or with a way up. */
const isOutside = (path: string): boolean =>
  path.startsWith('/') || /[\\\0]|^[A-Za-z]:/.test(path) || path.split('/').includes('..');

function hostile(name: string, found: string): UserError {
  return new UserError({
    what: `${name}: its tarball has what no package of text has`,
    expected: 'files below one folder, of a size that fits a corpus',
    found,
    fix: 'use another package, or unpack it by hand and name its files with a source of type file',
  });
}

function damaged(tarball: CorpusFile, error: unknown): UserError {
  return new UserError(
    {
      what: `${tarball.name}: not a readable tarball`,
      where: tarball.path,
      found: error instanceof Error ? error.message : String(error),
      fix: 'check that the package is what you want: its checksum is the pinned one',
    },
    { cause: error },
  );
}
