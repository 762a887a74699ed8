/** @file What of the store is needed: all that pointers, runs of the ledger and results of a short while ago name. */
import { createHash } from 'node:crypto';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type FileEntry, inspectManifest, type Manifest, parseManifest, readMemo } from '@arrowsmith/artifacts/store';
import type { Run } from './ledger/index.ts';
import { inspectPointer } from './pointer.ts';
import type { RunRecord } from './run-record.ts';
import { ledgerFolder, type Workspace } from './workspace.ts';

/** A file that cannot be used. */
export interface Problem {
  path: string;
  found: string;
  /** What follows from it. */
  means: string;
  /** It is the store's, and may be set aside. */
  movable: boolean;
}

export interface Needed {
  /** Digests of manifests, their files, and what was measured when they were made. */
  blobs: ReadonlySet<string>;
  /** Names of the memo's files that lead to them. */
  memos: ReadonlySet<string>;
  problems: readonly Problem[];
}

/** A file of the memo. */
interface Memo {
  name: string;
  manifest: string;
  run: Partial<RunRecord>;
  /** Made or used a short while ago. */
  recent: boolean;
}

/**
 * Finds what is needed.
 * @param runs of the ledger, all of them
 * @param since results that were made or used after this time, in milliseconds since 1970, are needed, and those that they were made from
 */
export async function findNeeded(workspace: Workspace, runs: readonly Run[], since: number): Promise<Needed> {
  const problems: Problem[] = [];
  const blobs = new Set<string>();
  const manifests = new Set<string>();
  for (const digest of await digestsOfPointers(workspace, problems)) blobs.add(digest);
  for (const { steps } of runs) for (const { manifest } of Object.values(steps)) manifests.add(manifest);

  const memos = await readMemos(workspace, since, problems);
  for (const manifest of madeFrom(memos)) manifests.add(manifest);
  for (const sha256 of manifests) {
    blobs.add(sha256);
    const read = await inspectManifest(workspace.store, sha256);
    if (read === undefined) continue; // collected long ago: runs outlive what they made
    if ('manifest' in read) addFiles(blobs, read.manifest.files);
    else problems.push({ ...read, means: 'what it named is not known any more', movable: true });
  }
  const used = memos.filter(({ manifest }) => blobs.has(manifest));
  for (const { run } of used) addFiles(blobs, run.measured);
  return { blobs, memos: new Set(used.map(({ name }) => name)), problems };
}

function addFiles(blobs: Set<string>, files: Manifest['files'] | RunRecord['measured'] = {}): void {
  for (const { sha256 } of Object.values(files as Record<string, FileEntry>)) blobs.add(sha256);
}

async function readMemos({ store }: Workspace, since: number, problems: Problem[]): Promise<Memo[]> {
  const memos: Memo[] = [];
  for (const name of await entries(join(store, 'memo'))) {
    if (!name.endsWith('.json')) continue; // half a file, which a killed process left
    const path = join(store, 'memo', name);
    const memo = await readMemo(store, basename(name, '.json'));
    if (memo === undefined) problems.push({ path, found: 'a link that leads nowhere', ...DAMAGED_MEMO });
    else if ('problem' in memo) problems.push({ path, found: memo.problem, ...DAMAGED_MEMO });
    else {
      const { manifestSha256: manifest, run } = memo;
      memos.push({ name, manifest, run, recent: (await stat(path)).mtimeMs >= since });
    }
  }
  return memos;
}

const DAMAGED_MEMO = { means: 'what it remembers is computed again when it is asked for', movable: true };

/** Manifests of recent results, and of all that they were made from. */
function madeFrom(memos: readonly Memo[]): Set<string> {
  const inputs = new Map<string, Set<string>>();
  for (const { manifest, run } of memos) {
    const known = inputs.get(manifest) ?? new Set<string>();
    inputs.set(manifest, known);
    for (const digest of Object.values(run.inputs ?? {})) known.add(digest);
  }
  const found = new Set<string>();
  const visit = (manifest: string): void => {
    if (found.has(manifest)) return;
    found.add(manifest);
    inputs.get(manifest)?.forEach(visit);
  };
  for (const { manifest, recent } of memos) if (recent) visit(manifest);
  return found;
}

/** What pointers name, `artifacts/<pipeline>/<step>`. Of a damaged one, what its files and links still say. */
async function digestsOfPointers(workspace: Workspace, problems: Problem[]): Promise<Set<string>> {
  const digests = new Set<string>();
  const artifacts = join(workspace.root, 'artifacts');
  for (const pipeline of await folders(artifacts, problems)) {
    const path = join(artifacts, pipeline);
    if (path === workspace.store || path === ledgerFolder(workspace)) continue;
    for (const step of await folders(path, problems)) {
      const pointer = await inspectPointer(workspace, pipeline, step);
      if ('manifest' in pointer) {
        digests.add(pointer.run.manifest);
        addFiles(digests, pointer.manifest.files);
        addFiles(digests, pointer.run.measured);
      } else {
        const named = await namedByFolder(join(path, step));
        if (named.size === 0) continue; // no pointer
        for (const digest of named) digests.add(digest);
        const means = `what its folder names is kept; npx nx run ${step}:${pipeline} --skip-nx-cache writes it anew`;
        if (!step.includes('.new-')) problems.push({ path: pointer.path, found: pointer.found, means, movable: false });
      }
    }
  }
  return digests;
}

/** Digests that a pointer's folder names in whatever way. */
async function namedByFolder(folder: string): Promise<Set<string>> {
  const digests = new Set<string>();
  for (const name of await entries(folder)) {
    const target = await readlink(join(folder, name)).catch(() => '');
    if (/^[0-9a-f]{64}$/.test(basename(target))) digests.add(basename(target));
  }
  const text = await readText(join(folder, 'manifest.json'));
  const parsed = parseManifest(text);
  if ('manifest' in parsed) {
    digests.add(createHash('sha256').update(text).digest('hex'));
    addFiles(digests, parsed.manifest.files);
  }
  for (const [digest] of (await readText(join(folder, 'run.json'))).matchAll(/[0-9a-f]{64}/g)) digests.add(digest);
  return digests;
}

const readText = async (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** A folder that is not there is empty; one that may not be read is not. */
async function entries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
  return names.sort();
}

/** Folders, and links to some. */
async function folders(folder: string, problems: Problem[]): Promise<string[]> {
  const names: string[] = [];
  for (const name of await entries(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      problems.push({ path, found: 'a link that leads nowhere', means: 'what it led to is not known', movable: false });
      return undefined;
    });
    if (found?.isDirectory() === true) names.push(name);
  }
  return names;
}
