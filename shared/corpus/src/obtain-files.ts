/** @file The files of a source, complete and checked on this machine: downloaded where they are not yet here. */

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { checksumOf, download, isDownloaded, isSlice, wantedBytes } from './download.ts';
import type { Download, PinnedFile } from './download.ts';
import type { CorpusFile } from './formats/corpus-file.ts';
import { hashFile } from './hash-file.ts';
import { hubAccess, hubFileName, hubUnreachable, locateHubFile } from './hub.ts';
import type { FileContent } from './local-files.ts';
import { registryAccess } from './npmrc.ts';
import { unpackPackage } from './package-files.ts';
import type { HubFile, UrlSource } from './parameters.ts';
import { locatePackage, packageName, registryUnreachable, sha512Of } from './registry.ts';
import type { Fetch } from './request.ts';
import type {
  ResolvedFileSource,
  ResolvedHubSource,
  ResolvedPackage,
  ResolvedPackageSource,
} from './resolve-source.ts';
import { TransientFailure, downloadRetries, withRetries } from './retry.ts';
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

/**
 * Gets the files of a source one after the other, so that an interrupted run leaves whole ones.
 *
 * @throws {UserError} when a file cannot be had or is not the pinned one
 */
export async function obtainFiles(
  source: ResolvedHubSource | ResolvedPackageSource | UrlSource | ResolvedFileSource,
  options: ObtainOptions,
): Promise<CorpusFiles> {
  switch (source.type) {
    case 'file':
      return both(source, (file) => localFile(file, options));
    case 'hub':
      return both(source, (file) => hubFile(source, file, options));
    case 'package':
      return packageFiles(source, options);
    case 'url':
      return { train: [await urlFile(source, options)] };
  }
}

async function both<T>(
  { train, validation }: { train: T[]; validation?: T[] },
  get: (file: T) => Promise<CorpusFile>,
): Promise<CorpusFiles> {
  const files: CorpusFiles = { train: [] };
  for (const file of train) files.train.push(await get(file));
  if (validation) files.validation = [];
  for (const file of validation ?? []) files.validation!.push(await get(file));
  return files;
}

async function localFile(file: FileContent, { root, signal }: ObtainOptions): Promise<CorpusFile> {
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

async function urlFile(source: UrlSource, options: ObtainOptions): Promise<CorpusFile> {
  const { url, sha256, bytes } = source;
  const refusal = (status: number) =>
    new UserError({
      what: `${url}: the server refuses the request`,
      found: `HTTP ${status}`,
      fix: 'check the url of the source',
    });
  try {
    return await obtain({ sha256, bytes }, url, options, async () => ({ url, name: url, sha256, bytes, refusal }));
  } catch (error) {
    if (!(error instanceof TransientFailure)) throw error;
    throw new UserError(
      {
        what: `${url} could not be downloaded`,
        found: error.reason,
        fix: 'run again later: what was downloaded is kept; or fetch it by other means and name it with a source of type file',
      },
      { cause: error },
    );
  }
}

async function hubFile(source: ResolvedHubSource, file: HubFile, options: ObtainOptions): Promise<CorpusFile> {
  const { env = process.env, fetch = globalThis.fetch, signal, retries = downloadRetries } = options;
  const access = hubAccess(env);
  try {
    return await obtain(file, hubFileName(source, file), options, () =>
      withRetries(retries, signal, ({ silenceMs }) =>
        locateHubFile(source, file, access, { fetch, signal, silenceMs }),
      ),
    );
  } catch (error) {
    if (error instanceof TransientFailure) throw hubUnreachable(source, access, error, env);
    throw error;
  }
}

async function packageFiles({ packages }: ResolvedPackageSource, options: ObtainOptions): Promise<CorpusFiles> {
  const all: CorpusFiles = { train: [] };
  for (const one of packages) {
    const tarball = await packageTarball(one, options);
    const selection = { name: packageName(one), train: one.train, validation: one.validation };
    const files = await unpackPackage(tarball.path, tarball.bytes, selection, `${tarball.path}.files`, options.signal);
    all.train.push(...files.train);
    if (files.validation) (all.validation ??= []).push(...files.validation);
  }
  return all;
}

async function packageTarball(pinned: ResolvedPackage, options: ObtainOptions): Promise<CorpusFile> {
  const { env = process.env, fetch = globalThis.fetch, signal, retries = downloadRetries } = options;
  const access = await registryAccess(pinned.name, options.root, env);
  try {
    return await obtain({ sha512: sha512Of(pinned) }, packageName(pinned), options, () =>
      withRetries(retries, signal, ({ silenceMs, minimumRate }) =>
        locatePackage(pinned, access, { fetch, signal, silenceMs, minimumRate }),
      ),
    );
  } catch (error) {
    if (error instanceof TransientFailure) throw registryUnreachable(pinned, access, error, env);
    throw error;
  }
}

/** Downloads a file unless it is already in the directory. */
async function obtain(
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
