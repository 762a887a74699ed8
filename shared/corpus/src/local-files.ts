/** @file Files on this machine: what a list of paths and glob patterns means now, and what the files hold. */

import * as fs from 'node:fs';
import { stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { glob } from 'tinyglobby';
import type { CorpusFile } from './formats/corpus-file.ts';
import { hashFile } from './hash-file.ts';
import type { ObtainOptions } from './obtain-files.ts';

/** A file and its content's identity. */
export interface FileContent {
  /** Relative to the workspace root, with forward slashes. */
  path: string;
  bytes: number;
  sha256: string;
}

/**
 * Expands paths and glob patterns and reads each file once to know its checksum.
 *
 * @param paths in their order; the matches of one pattern are sorted by code point; a file that comes twice counts once. What
 *   matches a pattern that begins with `!` is left out
 * @param root what the paths are relative to
 * @throws {UserError} for a path that does not exist, a pattern that matches nothing, a file that cannot be read, and a link
 *   to nothing or an unreadable folder in which a pattern looks for files
 */
export async function describeFiles(
  paths: string | string[],
  root: string,
  signal?: AbortSignal,
): Promise<FileContent[]> {
  const all = [paths].flat();
  const ignore = all.filter((path) => path.startsWith('!')).map((path) => path.slice(1));
  const matches: string[] = [];
  for (const path of all) if (!path.startsWith('!')) matches.push(...(await expand(path, root, ignore)));
  if (matches.length === 0) throw noMatch(all.join(', '), root);
  const files: FileContent[] = [];
  for (const path of new Set(matches)) files.push(await describeFile(path, root, signal));
  return files;
}

async function describeFile(path: string, root: string, signal: AbortSignal | undefined): Promise<FileContent> {
  const absolute = resolve(root, path);
  try {
    const found = await stat(absolute);
    if (!found.isFile()) throw notAFile(path, absolute, 'something else, such as a device or a pipe');
    return { path, bytes: found.size, sha256: (await hashFile(absolute, signal)).digest('hex') };
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UserError) throw error;
    throw unreadable(path, absolute, error);
  }
}

/**
 * A file that was described before, as readers want it.
 *
 * @throws {UserError} when it is not what it was
 */
export async function unchangedFile(
  file: FileContent,
  { root, signal }: Pick<ObtainOptions, 'root' | 'signal'>,
): Promise<CorpusFile> {
  const path = resolve(root, file.path);
  const bytes = (await stat(path).catch(() => undefined))?.size;
  if (bytes === file.bytes && (await hashFile(path, signal)).digest('hex') === file.sha256) {
    return { path, name: file.path, bytes, cut: false };
  }
  throw new UserError({
    what: `${file.path} has changed since it was looked at`,
    where: path,
    expected: `${file.bytes} bytes with sha256 ${file.sha256}`,
    found: bytes === undefined ? 'no such file' : `other content, of ${bytes} bytes`,
    fix: 'run again',
  });
}

/** What is at a path; undefined where there is nothing, or where nobody may look: what then reads it says why. */
function entryAt(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a path, or what it links to, is a folder; a link to nothing, below a file or in a circle, is none. */
function isDirectory(path: string): boolean {
  try {
    return fs.statSync(path).isDirectory();
  } catch {
    return false;
  }
}

async function expand(path: string, root: string, ignore: string[]): Promise<string[]> {
  const absolute = resolve(root, path);
  const literal = entryAt(absolute);
  if (literal !== undefined && !isDirectory(absolute)) {
    return [(relative(root, absolute) || path).split(sep).join('/')];
  }
  if (literal !== undefined) {
    throw new UserError({
      what: `${path} is a directory`,
      where: absolute,
      expected: 'a file or a glob pattern',
      fix: `name its files with a pattern, such as ${path.replace(/\/+$/, '')}/**/*.txt`,
    });
  }
  const { adapter, failures } = watchedFileSystem();
  const found = await glob(path, { cwd: root, expandDirectories: false, onlyFiles: true, ignore, fs: adapter });
  const failure = failures[0];
  if (failure !== undefined)
    throw unreadable(relative(root, failure.path).split(sep).join('/'), failure.path, failure.error);
  if (found.length === 0) throw noMatch(path, root);
  return found.sort(byCodePoint);
}

/**
 * A file system for the search that keeps silent about nothing. A search leaves out what it cannot look at: a link to
 * nothing, a folder without permission; and with it, a part of the corpus. Here a link to nothing counts as a file where its
 * name has an extension, so that it is found where a pattern matches it, and otherwise as a folder, in which the search then
 * fails if it would have looked there.
 */
function watchedFileSystem() {
  const failures: { path: string; error: unknown }[] = [];
  const dangling = new Set<string>();
  type Callback<T> = (error: NodeJS.ErrnoException | null, result?: T) => void;

  const realpath = (path: string, callback: Callback<string>): void =>
    fs.realpath(path, (error, resolved) => {
      if (error) dangling.add(path);
      callback(null, error ? path : resolved);
    });
  const statOf = (path: string, callback: Callback<Pick<fs.Stats, 'isDirectory'>>): void =>
    fs.stat(path, (error, stats) => {
      if (error) dangling.add(path);
      callback(null, error ? { isDirectory: () => !/[^/.][^/]*\.[^/.]+$/.test(path) } : stats);
    });
  const readdir = (path: string, options: { withFileTypes: true }, callback: Callback<fs.Dirent[]>): void =>
    fs.readdir(path, options, (error, entries) => {
      // Where the search begins there may be nothing: then nothing matches.
      if (error && (error.code !== 'ENOENT' || dangling.has(path.replace(/\/$/, '')))) failures.push({ path, error });
      callback(null, error ? [] : entries);
    });
  const adapter = { realpath, stat: statOf, readdir } as unknown as typeof fs;
  return { adapter, failures };
}

function noMatch(path: string, root: string): UserError {
  return new UserError({
    what: `no file matches ${path}`,
    where: root,
    fix: `put files there, or name others: path of the source in the pipeline file, or PIPELINE_SET='download.source.path=<folder>/**/*'`,
  });
}

/** What went wrong with a file, in a word that helps: permissions, links, disks. */
function unreadable(path: string, absolute: string, error: unknown): UserError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const itself = absolute.replace(/\/$/, '');
  const link = entryAt(itself)?.isSymbolicLink();
  const target = link ? fs.readlinkSync(itself) : undefined;
  const name = path.replace(/\/$/, '');
  const lost = code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR';
  return new UserError(
    {
      what: target !== undefined && lost ? `${name} is a link to nothing` : `${name} cannot be read`,
      where: itself,
      found: target !== undefined && lost ? `a link to ${target}, which is not there` : code,
      fix: `${
        code === 'EACCES' || code === 'EPERM'
          ? 'give yourself the permission to read it'
          : 'mount the disk that it is on, mend it or remove it'
      }; or leave it out with a pattern that begins with !, such as '!${name}', beside the others in path`,
    },
    { cause: error },
  );
}

function notAFile(path: string, absolute: string, found: string): UserError {
  return new UserError({ what: `${path} is not a regular file`, where: absolute, expected: 'a file of text', found });
}

/** The same order everywhere, whatever the locale. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
