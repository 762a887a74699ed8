/**
 * @file Garbage collection: mark what pointers and the runs ledger name, sweep the rest of the store.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { blobPath, isLocked, manifestSchema, withLock } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import { readLedger, requireWhole } from './ledger/index.ts';
import type { Workspace } from './workspace.ts';

/** State of an interrupted computation is kept this long, so that it can be resumed. */
const STATE_KEPT_MS = 7 * 24 * 3600 * 1000;

export interface Garbage {
  path: string;
  bytes: number;
  why: string;
}

/**
 * Finds what nothing names any more, and removes it if asked to.
 * @throws UserError while a stage is running
 */
export async function collectGarbage(workspace: Workspace, { remove }: { remove: boolean }): Promise<Garbage[]> {
  const locks = join(workspace.store, 'locks');
  return withLock(join(workspace.store, 'gc.lock'), async () => {
    for (const lock of await readdir(locks).catch(() => [])) {
      if (!(await isLocked(join(locks, lock)))) continue;
      throw new UserError({
        what: 'garbage cannot be collected while a stage is running',
        where: join(locks, lock),
        fix: 'run the command again when it has finished',
      });
    }
    const garbage = await sweep(workspace, await mark(workspace));
    if (remove) for (const { path } of garbage) await rm(path, { recursive: true, force: true });
    return garbage;
  });
}

/** Digests of all blobs that a pointer or a run names: manifests and their files. */
async function mark(workspace: Workspace): Promise<Set<string>> {
  const manifests = await pointedManifests(workspace);
  for (const run of requireWhole(await readLedger(workspace))) {
    for (const { manifest: sha256 } of Object.values(run.stages)) {
      const text = await readFile(blobPath(workspace.store, sha256), 'utf8').catch(() => '{}');
      manifests.set(sha256, manifests.get(sha256) ?? text);
    }
  }
  const live = new Set(manifests.keys());
  for (const text of manifests.values()) {
    for (const { sha256 } of Object.values(manifestSchema.safeParse(JSON.parse(text)).data?.files ?? {}))
      live.add(sha256);
  }
  return live;
}

/** The manifests of all pointers, `artifacts/<pipeline>/<stage>/manifest.json`, by digest. */
async function pointedManifests({ root }: Workspace): Promise<Map<string, string>> {
  const manifests = new Map<string, string>();
  const artifacts = join(root, 'artifacts');
  for (const pipeline of await folders(artifacts)) {
    for (const stage of await folders(join(artifacts, pipeline))) {
      const text = await readFile(join(artifacts, pipeline, stage, 'manifest.json'), 'utf8').catch(() => undefined);
      if (text !== undefined) manifests.set(createHash('sha256').update(text).digest('hex'), text);
    }
  }
  return manifests;
}

async function sweep({ store }: Workspace, live: ReadonlySet<string>): Promise<Garbage[]> {
  const garbage: Garbage[] = [];
  for (const prefix of await folders(join(store, 'blobs'))) {
    for (const name of await entries(join(store, 'blobs', prefix))) {
      if (!live.has(name)) await add(garbage, join(store, 'blobs', prefix, name), 'no pointer and no run names it');
    }
  }
  for (const name of await entries(join(store, 'memo'))) {
    const path = join(store, 'memo', name);
    const { manifest } = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as { manifest?: string };
    if (manifest === undefined || !live.has(manifest))
      await add(garbage, path, 'remembers a result that nothing names');
  }
  for (const name of await entries(join(store, 'corrupt'))) {
    await add(garbage, join(store, 'corrupt', name), 'failed verification');
  }
  for (const key of await folders(join(store, 'work'))) {
    const path = join(store, 'work', key);
    const state = await stat(join(path, 'state')).catch(() => undefined);
    if (state === undefined || Date.now() - state.mtimeMs > STATE_KEPT_MS)
      await add(garbage, path, 'left by an interrupted stage');
  }
  return garbage;
}

async function add(garbage: Garbage[], path: string, why: string): Promise<void> {
  garbage.push({ path, bytes: await sizeOf(path), why });
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.size;
  let bytes = 0;
  for (const name of await entries(path)) bytes += await sizeOf(join(path, name));
  return bytes;
}

const entries = async (folder: string): Promise<string[]> => (await readdir(folder).catch(() => [])).sort();

async function folders(folder: string): Promise<string[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return found.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
