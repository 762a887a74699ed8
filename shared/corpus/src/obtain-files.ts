/** @file The files of a source, complete and checked on this machine: downloaded where they are not yet here. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checksumOf, download, isDownloaded, isSlice, wantedBytes } from './download.ts';
import type { Download, PinnedFile } from './download.ts';
import type { CorpusFile } from './formats/corpus-file.ts';
import type { Fetch } from './request.ts';
import { downloadRetries } from './retry.ts';
import type { RetryPolicy } from './retry.ts';

export interface ObtainOptions {
  /** The workspace root, which the paths of local files are relative to. */
  root: string;
  /**
   * Where downloads are kept, under names made of their checksums. What is complete there is not downloaded again, what is
   * not is resumed. One process at a time may use it.
   */
  directory: string;
  /** Called with the bytes of the file that are here and those that are wanted, undefined where the server does not tell. */
  onDownload?: ((name: string, done: number, total: number | undefined) => void) | undefined;
  signal?: AbortSignal | undefined;
  fetch?: Fetch | undefined;
  /** For HF_ENDPOINT, HF_TOKEN, npm's configuration and the proxy variables; the process's own by default. */
  env?: Record<string, string | undefined> | undefined;
  retries?: RetryPolicy | undefined;
}

/** Files to read; without validation files, documents of the training files are to be held out. */
export interface CorpusFiles {
  train: CorpusFile[];
  validation?: CorpusFile[];
}

/** Gets the files of both parts one after the other, so that an interrupted run leaves whole ones. */
export async function obtainEach<T>(
  { train, validation }: { train: T[]; validation?: T[] },
  get: (file: T) => Promise<CorpusFile>,
): Promise<CorpusFiles> {
  const files: CorpusFiles = { train: [] };
  for (const file of train) files.train.push(await get(file));
  if (validation === undefined) return files;
  files.validation = [];
  for (const file of validation) files.validation.push(await get(file));
  return files;
}

/**
 * Downloads a file unless it is already in the directory.
 *
 * @param name of the file, for messages
 * @param locate says where it is
 * @throws {TransientFailure} when the retries are exhausted; what has come is kept
 * @throws {UserError} when it is refused, or is not the pinned one
 */
export async function obtainFile(
  file: PinnedFile,
  name: string,
  options: ObtainOptions,
  locate: () => Promise<Download>,
): Promise<CorpusFile> {
  const { directory, fetch = globalThis.fetch, signal, retries = downloadRetries, onDownload } = options;
  const { hex } = checksumOf(file);
  const path = join(directory, isSlice(file) ? `${hex}.first-${wantedBytes(file)}` : hex);
  if (!(await isDownloaded(file, path, signal))) {
    await download(await locate(), path, {
      fetch,
      retries,
      signal,
      onProgress: onDownload && ((done, total) => onDownload(name, done, total)),
    });
  }
  return { path, name, bytes: (await stat(path)).size, cut: isSlice(file) };
}
