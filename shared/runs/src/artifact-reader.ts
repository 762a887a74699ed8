/** @file The artifacts of a run, as far as the store still has them: runs outlive what they made where garbage was collected. */
import { isStored, type Manifest, storedManifest, verifiedBlob } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { Run, Workspace } from '@arrowsmith/pipeline';

/**
 * The manifest of a stage's artifact; undefined where the run has no such stage or the store lost it or one of its files.
 * @throws UserError when it is corrupt, or of another stage
 */
export async function readRunManifest({ store }: Workspace, run: Run, stage: string): Promise<Manifest | undefined> {
  const record = run.stages[stage];
  if (record === undefined) return undefined;
  const name = `the manifest of ${stage} of run ${run.id}`;
  const manifest = await storedManifest(store, record.manifest, name, rerun(run, stage));
  if (manifest === undefined || !(await isStored(store, manifest))) return undefined;
  if (manifest.stage === record.stage) return manifest;
  throw new UserError({
    what: `${name} is not of that stage`,
    where: record.manifest,
    expected: `a manifest of stage ${record.stage}`,
    found: `one of stage ${manifest.stage}`,
    fix: `make the artifact again: ${rerun(run, stage)}`,
  });
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
