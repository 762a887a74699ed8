/** @file Files on this machine: what a list of paths and glob patterns means now, and what the files hold. */

import { stat } from 'node:fs/promises';
import { relative, resolve, sep } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { glob } from 'tinyglobby';
import { hashFile } from './hash-file.ts';

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
 * @param paths in their order; the matches of one pattern are sorted by code point; a file that comes twice counts once
 * @param root what the paths are relative to
 * @throws {UserError} for a path that does not exist and a pattern that matches nothing
 */
export async function describeFiles(
  paths: string | string[],
  root: string,
  signal?: AbortSignal,
): Promise<FileContent[]> {
  const matches: string[] = [];
  for (const path of [paths].flat()) matches.push(...(await expand(path, root)));
  const files: FileContent[] = [];
  for (const path of new Set(matches)) {
    const absolute = resolve(root, path);
    const { size } = await stat(absolute);
    files.push({ path, bytes: size, sha256: (await hashFile(absolute, signal)).digest('hex') });
  }
  return files;
}

async function expand(path: string, root: string): Promise<string[]> {
  const literal = await stat(resolve(root, path)).catch(() => undefined);
  if (literal?.isFile()) return [(relative(root, resolve(root, path)) || path).split(sep).join('/')];
  if (literal?.isDirectory()) {
    throw new UserError({
      what: `${path} is a directory`,
      where: resolve(root, path),
      expected: 'a file or a glob pattern',
      fix: `name its files with a pattern, such as ${path.replace(/\/+$/, '')}/**/*.txt`,
    });
  }
  const found = await glob(path, { cwd: root, expandDirectories: false, onlyFiles: true });
  if (found.length === 0) {
    throw new UserError({
      what: `no file matches ${path}`,
      where: root,
      fix: `put files there, or name others: path of the source in the pipeline file, or PIPELINE_SET='download.source.path=<folder>/**/*'`,
    });
  }
  return found.sort(byCodePoint);
}

/** The same order everywhere, whatever the locale. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
