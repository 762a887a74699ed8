/**
 * @file The content-addressed store: immutable blobs named by their SHA-256, and a memo from the key of a computation to the
 * manifest of its result.
 *
 *     <store>/blobs/ab/abcdef…      a file's bytes, read-only
 *     <store>/memo/<key>.json       { manifest: digest of the result's manifest (itself a blob), run: provenance }
 *     <store>/corrupt/              blobs that failed verification, set aside
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { UserError } from '@arrowsmith/errors';
import { writeFileAtomic } from './atomic-file.ts';
import { type FileEntry, type Manifest, manifestSchema, serializeManifest } from './manifest.ts';

/** The SHA-256 of a file in hexadecimal, streamed in constant memory (about 1 GB/s). */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Where a blob lies, whether or not it exists. */
export function blobPath(store: string, sha256: string): string {
  return join(store, 'blobs', sha256.slice(0, 2), sha256);
}

/** Moves a finished file into the store. The file must be on the store's file system; it is gone from `path` afterwards. */
export async function putFile(store: string, path: string): Promise<{ sha256: string; bytes: number }> {
  const sha256 = await sha256OfFile(path);
  const { size } = await stat(path);
  const blob = blobPath(store, sha256);
  await mkdir(dirname(blob), { recursive: true });
  await chmod(path, 0o444);
  await rename(path, blob); // replaces a blob of the same name: the fresh bytes are known to be right, the old ones are not
  return { sha256, bytes: size };
}

/** Whether all files of a manifest are in the store with the right size. Content is verified when it is read. */
export async function isStored(store: string, manifest: Manifest): Promise<boolean> {
  for (const { sha256, bytes } of Object.values(manifest.files)) {
    const found = await stat(blobPath(store, sha256)).catch(() => undefined);
    if (found?.size !== bytes) return false;
  }
  return true;
}

/**
 * Checks a blob byte for byte and returns its path. A corrupt blob is moved to `store/corrupt/`, so that the command named in
 * the error recomputes it.
 * @param name how a person knows the file, e.g. `artifacts/tinystories/chunk/train.arrow`
 * @param fix the command that makes the blob again
 * @throws UserError when the blob is missing, truncated, or its bytes are not those of its name
 */
export async function verifiedBlob(store: string, entry: FileEntry, name: string, fix: string): Promise<string> {
  const path = blobPath(store, entry.sha256);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new UserError({
      what: `${name} is missing from the store`,
      where: path,
      expected: `${entry.bytes} bytes with sha256 ${entry.sha256}`,
      found: 'no such file (deleted, or removed by garbage collection)',
      fix,
    });
  }
  const actual = found.size === entry.bytes ? await sha256OfFile(path) : undefined;
  if (actual === entry.sha256) return path;

  const setAside = join(store, 'corrupt', entry.sha256);
  const moved = await mkdir(dirname(setAside), { recursive: true })
    .then(() => rename(path, setAside))
    .then(
      () => true,
      () => false, // a read-only store: the error below is what matters
    );
  throw new UserError({
    what: `${name} is corrupt`,
    where: moved ? `${path} (set aside as ${setAside})` : path,
    expected: `${entry.bytes} bytes with sha256 ${entry.sha256}`,
    found: actual === undefined ? `${found.size} bytes` : `sha256 ${actual}`,
    fix,
  });
}

const memoSchema = z.object({ manifest: z.string(), run: z.record(z.string(), z.unknown()) });

/** A memo entry: the manifest a computation produced, and the provenance of the run that did. */
export interface MemoEntry {
  manifest: Manifest;
  /** Digest of the serialized manifest, under which it is stored as a blob. */
  manifestSha256: string;
  run: Record<string, unknown>;
}

export function memoPath(store: string, key: string): string {
  return join(store, 'memo', `${key}.json`);
}

/**
 * Looks up what a computation produced before.
 * @returns undefined when it is unknown or its result is no longer wholly in the store
 */
export async function recall(store: string, key: string): Promise<MemoEntry | undefined> {
  const text = await readFile(memoPath(store, key), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { manifest: manifestSha256, run } = memoSchema.parse(JSON.parse(text));
    const bytes = await readFile(blobPath(store, manifestSha256));
    if (createHash('sha256').update(bytes).digest('hex') !== manifestSha256) return undefined;
    const manifest = manifestSchema.parse(JSON.parse(bytes.toString('utf8')));
    return (await isStored(store, manifest)) ? { manifest, manifestSha256, run } : undefined;
  } catch {
    return undefined; // a damaged entry is as good as none: the result is computed again and the entry replaced
  }
}

/** Records what a computation produced. The manifest's files must be in the store already. */
export async function remember(
  store: string,
  key: string,
  manifest: Manifest,
  run: Record<string, unknown>,
): Promise<string> {
  const text = serializeManifest(manifest);
  const manifestSha256 = createHash('sha256').update(text).digest('hex');
  await writeFileAtomic(blobPath(store, manifestSha256), text);
  await writeFileAtomic(memoPath(store, key), `${JSON.stringify({ manifest: manifestSha256, run }, null, 2)}\n`);
  return manifestSha256;
}

