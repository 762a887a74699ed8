/** @file A download of one pinned file that survives cut connections and kills, and is checked before it counts. */

import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { hashFile } from './hash-file.ts';
import { openRequest } from './request.ts';
import type { Fetch, OpenRequest } from './request.ts';
import { TransientFailure, withRetries } from './retry.ts';
import type { Attempt, RetryPolicy } from './retry.ts';

/** What is known of a file beforehand. */
export interface PinnedFile {
  /** sha256 of the whole file, in hexadecimal digits. */
  sha256?: string | undefined;
  /** Its sha512 instead, as npm has it. */
  sha512?: string | undefined;
  /** Size of the whole file; needed for a slice. */
  bytes?: number | undefined;
  /** Fetch only so many bytes from the file's beginning. */
  firstBytes?: number | undefined;
}

/** A file to fetch. */
export interface Download extends PinnedFile {
  url: string;
  headers?: Record<string, string>;
  /** For messages. */
  name: string;
  /** What to tell about a final answer that is neither 200 nor 206, such as 404. */
  refusal: (status: number) => UserError;
}

export interface DownloadOptions {
  fetch: Fetch;
  retries: RetryPolicy;
  signal?: AbortSignal | undefined;
  /** Called with the bytes that are on disk and the bytes wanted. */
  onProgress?: ((done: number, total: number | undefined) => void) | undefined;
}

/** What is on disk so far: the bytes written and their running checksum. */
interface PartialFile {
  path: string;
  handle: FileHandle;
  bytes: number;
  hash: ReturnType<typeof createHash>;
  /** Size of the whole file: as pinned, or as the server's first answer has it. */
  total: number | undefined;
}

/**
 * Downloads a file to `target`. Until it is complete and checked it is called `<target>.partial`, and the next call goes on
 * from its end with a range request (RFC 9110, section 14); a server that ignores the range sends everything again. One
 * process at a time may download to a target.
 *
 * A whole file is checked by size and checksum. Of a slice only the extent can be checked: that the server sent exactly the
 * bytes asked for, of a file of the expected size.
 *
 * @throws {UserError} on a refusal, and on a wrong size or checksum, when the partial file is deleted
 * @throws {TransientFailure} when the retries are exhausted; the partial file is kept
 */
export async function download(file: Download, target: string, options: DownloadOptions): Promise<void> {
  const wanted = wantedBytes(file);
  const path = `${target}.partial`;
  const { algorithm } = checksumOf(file);
  await mkdir(dirname(target), { recursive: true });
  const handle = await open(path, 'a');
  const partial: PartialFile = { path, handle, bytes: 0, hash: createHash(algorithm), total: file.bytes };
  try {
    const { size } = await handle.stat();
    if (wanted !== undefined && size > wanted) await handle.truncate(0);
    else {
      partial.hash = await hashFile(path, options.signal, algorithm);
      partial.bytes = size;
    }
    let furthest = partial.bytes;
    await withRetries(options.retries, options.signal, (attempt) =>
      fetchMissing(file, partial, attempt, {
        ...options,
        onProgress: (done, total) => {
          // A server that ignores ranges starts over each time: only what was never reached before is progress, and only
          // if it is more than what comes too slowly to be waited for.
          if (done > furthest + (attempt.minimumRate * attempt.silenceMs) / 1000) {
            furthest = done;
            attempt.progressed();
          }
          options.onProgress?.(done, total);
        },
      }),
    );
    if (!isSlice(file)) checkChecksum(file, partial.hash.digest('hex'));
    await handle.sync();
    await handle.close();
    await rename(path, target);
  } catch (error) {
    await handle.close();
    if (error instanceof WrongContent) await rm(path, { force: true });
    throw noSpace(error, path) ?? error;
  }
}

/** The bytes that the finished download will have, undefined where only the server knows. */
export function wantedBytes({ bytes, firstBytes }: PinnedFile): number | undefined {
  return bytes === undefined ? undefined : Math.min(bytes, firstBytes ?? bytes);
}

/** Whether only a beginning of the file is fetched, so that its last document is cut. */
export function isSlice({ bytes, firstBytes }: PinnedFile): boolean {
  return bytes !== undefined && firstBytes !== undefined && firstBytes < bytes;
}

/** Whether a finished download is at `target` and is what it should be: by checksum, or, for a slice, by size. */
export async function isDownloaded(file: PinnedFile, target: string, signal?: AbortSignal): Promise<boolean> {
  const size = (await stat(target).catch(() => undefined))?.size;
  if (size === undefined || size !== (wantedBytes(file) ?? size)) return false;
  const { algorithm, hex } = checksumOf(file);
  return isSlice(file) || (await hashFile(target, signal, algorithm)).digest('hex') === hex;
}

/** The checksum that pins a file. */
export function checksumOf({ sha256, sha512 }: PinnedFile): { algorithm: 'sha256' | 'sha512'; hex: string } {
  return sha512 === undefined ? { algorithm: 'sha256', hex: sha256! } : { algorithm: 'sha512', hex: sha512 };
}

/** What the server has is not the pinned file: nothing of it is worth keeping. */
class WrongContent extends UserError {}

/** One attempt: asks for what is missing and appends it. */
async function fetchMissing(
  file: Download,
  partial: PartialFile,
  { silenceMs, minimumRate }: Attempt,
  { fetch, signal, onProgress }: DownloadOptions,
): Promise<void> {
  const wanted = wantedBytes(file);
  if (partial.bytes === wanted) return;
  const ranged = partial.bytes > 0 || isSlice(file);
  const range: Record<string, string> = ranged
    ? { Range: `bytes=${partial.bytes}-${wanted === undefined ? '' : wanted - 1}` }
    : {};
  // `identity`: a range of compressed bytes could not be appended to anything.
  const headers = { ...file.headers, 'Accept-Encoding': 'identity', ...range };
  const request = await openRequest(file.url, { headers }, { fetch, signal, silenceMs, minimumRate });
  try {
    if (await isComplete(file, partial, request)) return;
    for await (const chunk of request.chunks()) {
      const room = wanted === undefined ? chunk.length : wanted - partial.bytes;
      if (chunk.length > room && !isSlice(file)) throw wrongSize(file, `more than ${wanted} bytes`);
      const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
      await partial.handle.appendFile(kept);
      partial.hash.update(kept);
      partial.bytes += kept.length;
      onProgress?.(partial.bytes, wanted);
      if (partial.bytes === wanted && isSlice(file)) return;
    }
    if (wanted !== undefined && partial.bytes < wanted) {
      throw new TransientFailure(`connection closed after ${partial.bytes} of ${wanted} bytes`);
    }
  } finally {
    request.close();
  }
}

/** Reads the head of an answer: prepares `partial` for the body, or says that there is nothing left to fetch. */
async function isComplete(file: Download, partial: PartialFile, { response }: OpenRequest): Promise<boolean> {
  const { status, headers } = response;
  const range = contentRange(headers.get('content-range'));
  if (status === 416 && file.bytes === undefined && range.total === partial.bytes) return true;
  if (status === 416) throw wrongSize({ ...file, bytes: partial.total }, `${range.total ?? 'fewer'} bytes`);
  if (status !== 200 && status !== 206) throw file.refusal(status);

  // Before the range: of a file that shrank the server cannot send the range asked for.
  const plain = (headers.get('content-encoding') ?? 'identity') === 'identity';
  const length = plain ? (headers.get('content-length') ?? undefined) : undefined;
  const total = status === 206 ? range.total : length === undefined ? undefined : Number(length);
  if (total !== undefined && total !== (partial.total ?? total)) {
    throw wrongSize({ ...file, bytes: partial.total }, `${total} bytes`);
  }
  partial.total ??= total;

  const wanted = wantedBytes(file);
  if (status === 206) {
    if (range.start === partial.bytes && (wanted === undefined || range.end === wanted - 1)) return false;
    throw new UserError({
      what: `${file.name}: the server sent another range than the one asked for`,
      where: file.url,
      expected: `bytes ${partial.bytes}-${wanted === undefined ? '' : wanted - 1}`,
      found: headers.get('content-range') ?? 'no Content-Range',
    });
  }
  // Asked for the rest, or not, the server sends the file from its beginning.
  await partial.handle.truncate(0);
  partial.bytes = 0;
  partial.hash = createHash(checksumOf(file).algorithm);
  return false;
}

/** Reads `bytes 0-99/1000`, or `bytes *` + `/1000` in an answer of 416; unknown parts are left out. */
function contentRange(header: string | null): { start?: number; end?: number; total?: number } {
  const [, start, end, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(header ?? '') ?? [];
  return {
    ...(start !== undefined && { start: Number(start) }),
    ...(end !== undefined && { end: Number(end) }),
    ...(total !== undefined && total !== '*' && { total: Number(total) }),
  };
}

function checkChecksum(file: Download, found: string): void {
  const { algorithm, hex } = checksumOf(file);
  if (found === hex) return;
  const written = (digest: string) =>
    algorithm === 'sha256' ? `sha256 ${digest}` : `sha512-${Buffer.from(digest, 'hex').toString('base64')}`;
  throw new WrongContent({
    what: `${file.name}: wrong checksum; the download was deleted`,
    where: file.url,
    expected: written(hex),
    found: written(found),
    fix: `run again, in case it was damaged on the way; if the file has changed at its source, correct the ${algorithm === 'sha256' ? 'sha256' : 'integrity'}`,
  });
}

/** The file at the source is not of the pinned size. */
export function wrongSize(file: Pick<Download, 'name' | 'url' | 'bytes'>, found: string): UserError {
  return new WrongContent({
    what: `${file.name}: wrong size`,
    where: file.url,
    expected: `${file.bytes} bytes`,
    found,
    fix: 'run again; if the file has changed at its source, correct the bytes and sha256 of the source',
  });
}

function noSpace(error: unknown, path: string): UserError | undefined {
  if (!(error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')))
    return undefined;
  return new UserError(
    {
      what: 'no space left for a download',
      where: path,
      fix: 'free some space and run again: it goes on where it stopped',
    },
    { cause: error },
  );
}
