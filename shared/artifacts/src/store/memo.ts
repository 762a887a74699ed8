/**
 * @file The memo: from the key of a computation to the manifest of its result.
 *
 *     <store>/memo/<key>.json       { manifest: digest of the result's manifest (itself a blob), run: provenance, sha256 of both and the key }
 *
 * An entry is believed only as far as it can be checked: its own digest, the manifest's, and that both speak of one stage.
 */
import { createHash } from 'node:crypto';
import { readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomic } from './atomic-file.ts';
import { blobPath, inspectManifest, lostFile, setAside } from './blobs.ts';
import { digestOf, type Json } from './canonical-json.ts';
import { type Manifest, serializeManifest, sha256Schema } from './manifest.ts';

const memoSchema = z.strictObject({
  manifest: sha256Schema,
  run: z.record(z.string(), z.unknown()),
  /** Of key, manifest and run. Absent in entries of before it was kept, which only garbage collection looks at. */
  sha256: z.string().optional(),
});

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

/** What a file of the memo says, without a look at what it names. */
export type MemoFile =
  | { manifestSha256: string; run: Record<string, unknown>; hasChecksum: boolean }
  | { problem: string };

/** Reads a file of the memo. @returns undefined where there is none */
export async function readMemo(store: string, key: string): Promise<MemoFile | undefined> {
  let text: string;
  try {
    text = await readFile(memoPath(store, key), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') return { problem: 'a folder' };
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    return undefined;
  }
  const parsed = memoSchema.safeParse(parseJson(text));
  if (!parsed.success) return { problem: 'not what the memo writes' };
  const { manifest, run, sha256 } = parsed.data;
  if (sha256 !== undefined && sha256 !== checksum(key, manifest, run))
    return { problem: `changed since it was written: its sha256 is not ${sha256}` };
  if (sha256 === undefined && run['key'] !== key) return { problem: `the entry of another key, ${String(run['key'])}` };
  return { manifestSha256: manifest, run, hasChecksum: sha256 !== undefined };
}

interface RecallOptions {
  /** The stage that the computation is of. */
  stage?: string;
  /** Told why an entry is not believed, or its result is no longer whole: it will be computed again. */
  onProblem?: (problem: string) => void;
}

/**
 * Looks up what a computation produced before.
 * @returns undefined when it is unknown, cannot be believed, or its result is no longer wholly in the store
 */
export async function recall(
  store: string,
  key: string,
  { stage, onProblem = () => undefined }: RecallOptions = {},
): Promise<MemoEntry | undefined> {
  const memo = await readMemo(store, key);
  if (memo === undefined) return undefined;
  const path = memoPath(store, key);
  if ('problem' in memo) {
    const aside = await setAside(store, path);
    onProblem(`${path} is ${memo.problem}${aside === undefined ? '' : ` (set aside as ${aside})`}`);
    return undefined;
  }
  const { manifestSha256, run, hasChecksum } = memo;
  if (!hasChecksum) {
    onProblem(`${path} has no sha256 of itself, and is not believed`);
    return undefined;
  }
  const read = await inspectManifest(store, manifestSha256);
  if (read === undefined) {
    onProblem(`the manifest that ${path} names is missing from the store`);
    return undefined;
  }
  if (!('manifest' in read)) {
    const aside = await setAside(store, read.path);
    onProblem(`the manifest ${read.path} is corrupt: ${read.found}${aside === undefined ? '' : ` (set aside as ${aside})`}`);
    return undefined;
  }
  const { manifest } = read;
  const expected = stage ?? run['stage'] ?? manifest.stage;
  if (manifest.stage !== expected || (run['stage'] ?? expected) !== expected) {
    const aside = await setAside(store, path);
    onProblem(
      `${path} names an artifact of stage ${manifest.stage}, not of ${String(expected)}${aside === undefined ? '' : ` (set aside as ${aside})`}`,
    );
    return undefined;
  }
  const lost = await lostFile(store, manifest);
  if (lost !== undefined) {
    onProblem(`${lost} is missing from the store, or has another size: ${blobPath(store, manifest.files[lost]!.sha256)}`);
    return undefined;
  }
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined); // in use: see garbage collection
  return { manifest, manifestSha256, run };
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
  const entry = { manifest: manifestSha256, run, sha256: checksum(key, manifestSha256, run) };
  await writeFileAtomic(memoPath(store, key), `${JSON.stringify(entry, null, 2)}\n`);
  return manifestSha256;
}

/** Over the values, as JSON keeps them: how the file is laid out does not count. */
const checksum = (key: string, manifest: string, run: Record<string, unknown>): string =>
  digestOf({ key, manifest, run: JSON.parse(JSON.stringify(run)) as Json });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
