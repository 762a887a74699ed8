/**
 * @file Pointers: the small folder `artifacts/<pipeline>/<stage>` that names a stage's artifact. Nx caches these folders; the bytes stay in the
 * store.
 *
 *     manifest.json   what the artifact is: only content, what downstream is keyed by
 *     run.json        how it came to be: parameters, code, times, host, metrics
 *     <file>          a relative link to the blob of a file of either, so that `artifacts/x/train/weights.arrow` opens in pyarrow, polars, DuckDB
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import {
  blobPath,
  type FileEntry,
  type Manifest,
  readManifest,
  serializeManifest,
  withLock,
} from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import { pointerPath, type Workspace } from './workspace.ts';

/** Provenance of an artifact. Never hashed: two identical runs differ here and nowhere else. */
export interface RunRecord {
  stage: string;
  pipeline: string;
  /** The memo key: everything that the content depends on. */
  key: string;
  /** Digest of manifest.json. */
  manifest: string;
  /** The `nx run` that wrote this pointer; a pointer of an earlier one was cached. */
  invocation: string | undefined;
  /** Whether the stage ran for this pointer, or the store knew the result. */
  outcome: 'computed' | 'recalled';
  /** When and for how long the stage ran that computed the content. */
  startedAt: string;
  seconds: number;
  code: string;
  parameters: unknown;
  environment: Record<string, string>;
  /** Manifest digest of each input artifact. */
  inputs: Record<string, string>;
  host: { platform: string; arch: string; cpu: string; node: string };
  metrics: Record<string, number>;
  highlights: Record<string, string>;
  /** Tables of what was measured while the stage ran: provenance, stored like content. */
  measured?: Record<string, FileEntry>;
}

/**
 * Replaces a pointer. A kill in between leaves the old pointer, the new one, or none: never half of one. Several processes may do it at
 * once: the last one stays.
 */
export async function writePointer(workspace: Workspace, manifest: Manifest, run: RunRecord): Promise<void> {
  const pointer = pointerPath(workspace, run.pipeline, run.stage);
  await withLock(`${pointer}.lock`, async () => {
    await removeRemains(pointer); // of a process that was killed here
    try {
      const fresh = `${pointer}.new-${randomUUID().slice(0, 8)}`;
      await mkdir(fresh);
      await writeFile(join(fresh, 'manifest.json'), serializeManifest(manifest));
      await writeFile(join(fresh, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
      for (const [name, { sha256 }] of Object.entries({ ...run.measured, ...manifest.files })) {
        await linkTo(relative(pointer, blobPath(workspace.store, sha256)), join(fresh, name));
      }
      await rename(pointer, `${fresh}.old`).catch(ignoreMissing);
      await rename(fresh, pointer);
    } finally {
      await removeRemains(pointer);
    }
  });
}

/** Removes what writing a pointer leaves beside it. */
async function removeRemains(pointer: string): Promise<void> {
  for (const name of await readdir(dirname(pointer))) {
    if (name.startsWith(`${basename(pointer)}.new-`))
      await rm(join(dirname(pointer), name), { recursive: true, force: true });
  }
}

/** Where links are not allowed (Windows without developer mode) the manifest's digests still lead to the blobs. */
async function linkTo(target: string, path: string): Promise<void> {
  await symlink(target, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPERM') throw error;
  });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/**
 * Reads the pointer of a stage.
 * @throws UserError when the stage has not run, or one of its two files is damaged
 */
export async function readPointer(
  workspace: Workspace,
  pipeline: string,
  stage: string,
): Promise<{ manifest: Manifest; run: RunRecord }> {
  const pointer = pointerPath(workspace, pipeline, stage);
  const again = `npx nx run ${stage}:${pipeline}`;
  const manifest = await readManifest(join(pointer, 'manifest.json'), again);
  return { manifest, run: await readRecord(join(pointer, 'run.json'), again) };
}

async function readRecord(path: string, fix: string): Promise<RunRecord> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RunRecord;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== undefined && code !== 'ENOENT') throw cause; // the disk, not the file
    throw new UserError(
      {
        what: `${path} is ${code === 'ENOENT' ? 'missing' : 'damaged'}`,
        expected: 'the record of how the artifact beside it was made, as JSON',
        found: code === 'ENOENT' ? 'no such file' : message,
        fix,
      },
      { cause },
    );
  }
}
