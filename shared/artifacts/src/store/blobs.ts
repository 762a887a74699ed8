/**
 * @file The content-addressed store: immutable blobs named by their SHA-256, and beside them a memo (memo.ts) from the key of a computation to
 * the manifest of its result.
 *
 *     <store>/blobs/ab/abcdef…      a file's bytes, read-only
 *     <store>/memo/<key>.json       what a computation gave
 *     <store>/corrupt/              what failed verification, set aside
 */
import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '@arrowsmith/errors';
import { type FileEntry, type Manifest, parseManifest } from './manifest.ts';

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
  if (await isFolder(blob)) await setAside(store, blob);
  await rename(path, blob); // replaces a blob of the same name: the fresh bytes are known to be right, the old ones are not
  return { sha256, bytes: size };
}

const isFolder = async (path: string): Promise<boolean> => (await statOf(path))?.isDirectory() === true;

/** @returns undefined where there is nothing, or a link that leads nowhere */
async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    return undefined;
  });
}

/** The first file of a manifest that is not in the store with the right size. Content is verified when it is read. */
export async function lostFile(store: string, manifest: Manifest): Promise<string | undefined> {
  for (const [name, { sha256, bytes }] of Object.entries(manifest.files)) {
    const found = await statOf(blobPath(store, sha256));
    if (found?.isFile() !== true || found.size !== bytes) return name;
  }
  return undefined;
}

/** Whether all files of a manifest are in the store with the right size. Content is verified when it is read. */
export async function isStored(store: string, manifest: Manifest): Promise<boolean> {
  return (await lostFile(store, manifest)) === undefined;
}

/** Moves what failed verification to `store/corrupt/`. @returns where it is now; undefined where it cannot be moved */
export async function setAside(store: string, path: string): Promise<string | undefined> {
  const aside = join(store, 'corrupt', basename(path));
  const move = async (): Promise<string> => {
    await mkdir(dirname(aside), { recursive: true });
    await rm(aside, { recursive: true, force: true });
    await rename(path, aside);
    return aside;
  };
  return move().catch(() => undefined); // a read-only store: what is wrong with the file matters more
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
  const found = await statOf(path);
  const expected = `${entry.bytes} bytes with sha256 ${entry.sha256}`;
  if (found === undefined) {
    throw new UserError({
      what: `${name} is missing from the store`,
      where: path,
      expected,
      found: 'no such file (deleted, or removed by garbage collection)',
      fix,
    });
  }
  const actual = found.isFile() && found.size === entry.bytes ? await sha256OfFile(path) : undefined;
  if (actual === entry.sha256) return path;
  const what = found.isFile() ? `${found.size} bytes` : 'something that is no file';
  throw corrupt({ name, path, expected, found: actual === undefined ? what : `sha256 ${actual}`, fix }, await setAside(store, path));
}

/**
 * Reads a manifest that is stored under its digest. A corrupt one is set aside, as {@link verifiedBlob} does.
 * @param name how a person knows it, e.g. `the manifest of train`
 * @param fix the command that makes it again
 * @returns undefined where it is not in the store
 * @throws UserError when its bytes are not those of its name, or it is no manifest
 */
export async function storedManifest(
  store: string,
  sha256: string,
  name: string,
  fix: string,
): Promise<Manifest | undefined> {
  const read = await inspectManifest(store, sha256);
  if (read === undefined || 'manifest' in read) return read?.manifest;
  const { path, found } = read;
  throw corrupt({ name, path, expected: `a manifest with sha256 ${sha256}`, found, fix }, await setAside(store, path));
}

/** As {@link storedManifest}, for those who only look: says what is wrong and touches nothing. */
export async function inspectManifest(
  store: string,
  sha256: string,
): Promise<{ manifest: Manifest } | { path: string; found: string } | undefined> {
  const path = blobPath(store, sha256);
  if (await isFolder(path)) return { path, found: 'a folder' };
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    return undefined;
  });
  if (bytes === undefined) return undefined;
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256) return { path, found: `${bytes.length} bytes with sha256 ${actual}` };
  const parsed = parseManifest(bytes.toString('utf8'));
  return 'manifest' in parsed ? parsed : { path, found: parsed.problem };
}

interface Corrupt {
  name: string;
  path: string;
  expected: string;
  found: string;
  fix: string;
}

function corrupt({ name, path, expected, found, fix }: Corrupt, aside: string | undefined): UserError {
  const where = aside === undefined ? path : `${path} (set aside as ${aside})`;
  return new UserError({ what: `${name} is corrupt`, where, expected, found, fix });
}
