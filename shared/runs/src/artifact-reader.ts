/** @file The artifacts of a run, as far as the store still has them: runs outlive what they made where garbage was collected. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { blobPath, type FileEntry, type Manifest, manifestSchema, verifiedBlob } from '@arrowsmith/artifacts/store';
import type { Run, Workspace } from '@arrowsmith/pipeline';

/** The manifest of a stage's artifact; undefined where the run has no such stage or the store lost it or one of its files. */
export async function readRunManifest({ store }: Workspace, run: Run, stage: string): Promise<Manifest | undefined> {
  const sha256 = run.stages[stage]?.manifest;
  if (sha256 === undefined) return undefined;
  const text = await readFile(blobPath(store, sha256), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { data: manifest } = manifestSchema.safeParse(JSON.parse(text));
  const isThere = (file: FileEntry): boolean => existsSync(blobPath(store, file.sha256));
  return manifest !== undefined && Object.values(manifest.files).every(isThere) ? manifest : undefined;
}

/** The verified path of a file of a stage's artifact; undefined as above, and where the artifact has no such file. */
export async function runFile(
  workspace: Workspace,
  run: Run,
  stage: string,
  file: string,
): Promise<string | undefined> {
  const entry = (await readRunManifest(workspace, run, stage))?.files[file];
  if (entry === undefined) return undefined;
  return verifiedBlob(workspace.store, entry, `${stage}/${file} of run ${run.id}`, rerun(run, stage));
}

/** The command that makes a stage's artifact of a run again, as far as the pipeline still says so. */
export const rerun = ({ pipeline }: Run, stage: string): string => `npx nx run ${stage}:${pipeline} --skip-nx-cache`;
