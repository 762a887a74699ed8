/** @file Checks of the artifacts store: free disk, permissions, and what interrupted runs have left. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rmdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { isLocked, isLockName, isStored, parseManifest } from '@arrowsmith/artifacts/store';
import type { Workspace } from '@arrowsmith/pipeline';
import { type Finding, finding } from './finding.ts';
import { diskNeeded, type PipelineSource } from './pipelines.ts';

const MAKE_ROOM = 'free space (npx arrowsmith gc --delete), or set ARROWSMITH_STORE to a folder on another disk';

/** @param free bytes that this user may still write where the store is */
export function checkDisk({ store }: Workspace, free: number, sources: readonly PipelineSource[]): Finding {
  const what = `${prettyBytes(free)} free`;
  const needs = sources.flatMap(({ pipeline, source }) => {
    const bytes = diskNeeded(source);
    return bytes === undefined ? [] : [{ pipeline, bytes }];
  });
  const size = (bytes: number) => prettyBytes(bytes, { maximumFractionDigits: 0 });
  const list = (some: typeof needs) => some.map(({ pipeline, bytes }) => `${pipeline} about ${size(bytes)}`).join(', ');
  const tooLarge = needs.filter(({ bytes }) => bytes > free);
  if (tooLarge.length > 0) {
    const level = tooLarge.length === needs.length ? 'problem' : 'note';
    return finding(level, 'disk', what, `too little in ${store} for ${list(tooLarge)}: ${MAKE_ROOM}`);
  }
  const [most, ...others] = needs.toSorted((a, b) => b.bytes - a.bytes);
  if (most === undefined) return finding('ok', 'disk', what, 'how much pipelines need is not known beforehand');
  const rest = others[0] === undefined ? '' : `, any other ${size(others[0].bytes)} at most`;
  return finding('ok', 'disk', what, `${most.pipeline} needs about ${size(most.bytes)}${rest}`);
}

/** Bytes that this user may still write where a folder is, or will be. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(existing(folder));
  return bavail * bsize;
}

/** Writes into every folder that a run writes into, or into the parent in which it will be made. */
export async function checkWritable({ root, store }: Workspace): Promise<Finding> {
  for (const folder of [store, join(root, 'artifacts'), join(root, '.work'), join(root, '.nx')]) {
    try {
      await rmdir(await mkdtemp(join(existing(folder), '.doctor-')));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const fix = folder === store ? 'make it writable, or set ARROWSMITH_STORE to another folder' : 'make it writable';
      return finding('problem', 'store', 'not writable', `${folder} (${code}): ${fix}`);
    }
  }
  return finding('ok', 'store', 'writable', store);
}

function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder));
}

/** Stages that run now, were interrupted, or left a lock behind; files that failed verification; artifacts without their files. */
export async function checkLeftovers(workspace: Workspace): Promise<Finding[]> {
  const { store } = workspace;
  const findings: Finding[] = [];
  const locks = (await entries(join(store, 'locks'))).filter(isLockName);
  const held: string[] = [];
  for (const lock of locks) if (await isLocked(join(store, 'locks', lock))) held.push(lock);
  if (held.length > 0)
    findings.push(
      finding('ok', 'runs', `${count(held.length, 'stage')} running`, 'another run of the same waits for it'),
    );
  const stale = locks.length - held.length;
  if (stale > 0) {
    findings.push(
      finding('ok', 'locks', `${count(stale, 'lock')} of a killed run`, 'harmless: the next run takes it over'),
    );
  }

  let resumable = 0;
  for (const key of await entries(join(store, 'work'))) {
    if (
      !held.includes(key.replace(/\.[0-9a-f]+$/, '')) &&
      (await entries(join(store, 'work', key, 'state'))).length > 0
    )
      resumable++;
  }
  if (resumable > 0) {
    const means = 'the same command goes on where it stopped; pipeline:gc --delete removes it after 7 days';
    findings.push(finding('note', 'work', `${count(resumable, 'interrupted stage')}`, means));
  }
  const corrupt = await entries(join(store, 'corrupt'));
  if (corrupt.length > 0) {
    const means =
      'set aside and computed again when needed; if there are ever more, check the disk; npx nx run pipeline:gc --delete';
    findings.push(finding('note', 'store', `${count(corrupt.length, 'corrupt file')}`, means));
  }
  for (const { pipeline, stage, why } of await brokenArtifacts(workspace)) {
    const fix = `made anew by npx nx run ${stage}:${pipeline} --skip-nx-cache`;
    findings.push(finding('note', 'artifact', `${pipeline}/${stage}`, `${why}: ${fix}`));
  }
  return findings;
}

/** Artifacts whose manifest cannot be read, or whose files are not in the store. */
async function brokenArtifacts({
  root,
  store,
}: Workspace): Promise<{ pipeline: string; stage: string; why: string }[]> {
  const found: { pipeline: string; stage: string; why: string }[] = [];
  const artifacts = join(root, 'artifacts');
  for (const pipeline of await entries(artifacts)) {
    for (const stage of await entries(join(artifacts, pipeline))) {
      const text = await readFile(join(artifacts, pipeline, stage, 'manifest.json'), 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const parsed = parseManifest(text);
      if ('problem' in parsed) found.push({ pipeline, stage, why: `its manifest is damaged (${parsed.problem})` });
      else if (!(await isStored(store, parsed.manifest)))
        found.push({ pipeline, stage, why: 'its files are not in the store (another ARROWSMITH_STORE?)' });
    }
  }
  return found;
}

const entries = async (folder: string): Promise<string[]> => (await readdir(folder).catch(() => [])).sort();
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
