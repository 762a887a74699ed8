/**
 * @file Pointers: the small folder `artifacts/<pipeline>/<step>` that names a step's newest artifact, for people. Stages find their inputs by key; the
 * bytes stay in the store.
 *
 *     manifest.json   what the artifact is: only content, what downstream is keyed by
 *     run.json        how it came to be: parameters, code, times, host, metrics; the digests of manifest.json and of itself
 *     <file>          a relative link to the blob of a file of either, so that `artifacts/x/train/weights.arrow` opens in pyarrow, polars, DuckDB
 *
 * What a pointer says is believed only as far as it can be checked: the record by its own digest, the manifest by the digest in the record, both by
 * the stage that they are of. One whose half is lost is put right from the store.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import {
  blobPath,
  inspectManifest,
  type Manifest,
  parseManifest,
  recall,
  serializeManifest,
  withLock,
} from '@arrowsmith/artifacts/store';
import { printError, UserError } from '@arrowsmith/errors';
import { parseRecord, recordText, type RunRecord } from './run-record.ts';
import { pointerPath, type Workspace } from './workspace.ts';

export type { RunRecord };

/**
 * Replaces a pointer. A kill in between leaves the old pointer, the new one, or none: never half of one. Several processes may do it at
 * once: the last one stays.
 */
export async function writePointer(workspace: Workspace, manifest: Manifest, run: RunRecord): Promise<void> {
  const pointer = pointerPath(workspace, run.pipeline, run.step);
  await withLock(`${pointer}.lock`, async () => {
    await removeRemains(pointer); // of a process that was killed here
    try {
      const fresh = `${pointer}.new-${randomUUID().slice(0, 8)}`;
      await mkdir(fresh);
      await writeFile(join(fresh, 'manifest.json'), serializeManifest(manifest));
      await writeFile(join(fresh, 'run.json'), recordText(run));
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

/** A pointer. */
export interface Pointer {
  manifest: Manifest;
  run: RunRecord;
}

/** What is wrong with a pointer. */
export interface PointerProblem {
  path: string;
  expected: string;
  found: string;
  /** What can be read all the same. */
  run?: RunRecord;
  /** The key that a damaged record still names. */
  key?: string;
}

/**
 * Reads the pointer of a step. A damaged one is put right where the store still knows what it should say.
 * @param say told when that was done
 * @throws UserError when the step has not run, or the pointer is damaged for good
 */
export async function readPointer(
  workspace: Workspace,
  pipeline: string,
  step: string,
  say: (line: string) => void = printError,
): Promise<Pointer> {
  const read = await inspectPointer(workspace, pipeline, step);
  if ('manifest' in read) return read;
  const { path, expected, found } = read;
  const healed = await fromStore(workspace, { pipeline, step }, read);
  if (healed !== undefined) {
    await writePointer(workspace, healed.manifest, healed.run);
    say(`${path} was damaged (${found}) and is written anew from the store; if that comes back, ${FORGET}`);
    return healed;
  }
  const run = `npx nx run ${step}:${pipeline}`;
  if (found === NOT_THERE && read.run === undefined && path.endsWith('manifest.json'))
    throw new UserError({ what: `there is no artifact manifest ${path}`, expected: 'a finished step', fix: run });
  throw new UserError({
    what: `${path} is ${found === NOT_THERE ? 'missing' : 'damaged'}`,
    expected,
    found,
    fix: `${run} --skip-nx-cache (Nx may keep a copy that is as bad; if it comes back, ${FORGET})`,
  });
}

const NOT_THERE = 'no such file';
const FORGET = 'npx nx reset --onlyCache makes Nx forget its copy';

/** Reads a pointer, or says what is wrong with it, and touches nothing. */
export async function inspectPointer(
  workspace: Workspace,
  pipeline: string,
  step: string,
): Promise<Pointer | PointerProblem> {
  const folder = pointerPath(workspace, pipeline, step);
  const [manifestPath, recordPath] = [join(folder, 'manifest.json'), join(folder, 'run.json')];
  const expectedRecord = `the record of how an artifact of ${step} of ${pipeline} was made, as JSON with its sha256`;
  const text = await readText(recordPath);
  const manifestText = await readText(manifestPath);
  if (typeof text !== 'string' && typeof manifestText !== 'string' && manifestText.found === NOT_THERE)
    return { path: manifestPath, expected: 'a finished step', found: NOT_THERE };
  if (typeof text !== 'string') return { path: recordPath, expected: expectedRecord, found: text.found };
  const record = parseRecord(text);
  if ('problem' in record) {
    const key = /"key": "([0-9a-f]{64})"/.exec(text)?.[1];
    return { path: recordPath, expected: expectedRecord, found: record.problem, ...(key === undefined ? {} : { key }) };
  }
  const { run } = record;
  if (run.step !== step || run.pipeline !== pipeline)
    return { path: recordPath, expected: expectedRecord, found: `that of ${run.step} of ${run.pipeline}` };
  const expected = `a manifest of stage ${run.stage} with sha256 ${run.manifest}`;
  if (typeof manifestText !== 'string') return { path: manifestPath, expected, found: manifestText.found, run };
  const parsed = parseManifest(manifestText);
  if ('problem' in parsed) return { path: manifestPath, expected, found: parsed.problem, run };
  const sha256 = createHash('sha256').update(manifestText).digest('hex');
  if (sha256 !== run.manifest) return { path: manifestPath, expected, found: `sha256 ${sha256}`, run };
  if (parsed.manifest.stage !== run.stage)
    return { path: manifestPath, expected, found: `a manifest of stage ${parsed.manifest.stage}` };
  return { manifest: parsed.manifest, run };
}

async function readText(path: string): Promise<string | { found: string }> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') return { found: 'a folder' };
    if (code !== 'ENOENT') throw error; // the disk, not the file
    return { found: NOT_THERE };
  }
}

/** What a damaged pointer should say: its manifest by the digest in its record, its record by its key in the memo. */
async function fromStore(
  { store }: Workspace,
  { pipeline, step }: { pipeline: string; step: string },
  { run, key }: PointerProblem,
): Promise<Pointer | undefined> {
  if (run !== undefined) {
    const read = await inspectManifest(store, run.manifest);
    if (read === undefined || !('manifest' in read) || read.manifest.stage !== run.stage) return undefined;
    return { manifest: read.manifest, run };
  }
  const known = key === undefined ? undefined : await recall(store, key);
  if (known === undefined) return undefined;
  const remembered = known.run as unknown as RunRecord;
  return {
    manifest: known.manifest,
    run: { ...remembered, pipeline, step, manifest: known.manifestSha256 },
  };
}
