/** @file The artifacts of a run, as far as the store still has them: runs outlive what they made where garbage was collected. */
import { isStored, type Manifest, storedManifest, verifiedBlob } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { Run, Workspace } from '@arrowsmith/pipeline';

/**
 * The manifest of a step's artifact; undefined where the run has no such step or the store lost it or one of its files.
 * @throws UserError when it is corrupt, or of another stage
 */
export async function readRunManifest({ store }: Workspace, run: Run, step: string): Promise<Manifest | undefined> {
  const record = run.steps[step];
  if (record === undefined) return undefined;
  const name = `the manifest of ${step} of run ${run.id}`;
  const manifest = await storedManifest(store, record.manifest, name, rerun(run, step));
  if (manifest === undefined || !(await isStored(store, manifest))) return undefined;
  if (manifest.stage === record.stage) return manifest;
  throw new UserError({
    what: `${name} is not of the stage of that step`,
    where: record.manifest,
    expected: `a manifest of stage ${record.stage}`,
    found: `one of stage ${manifest.stage}`,
    fix: `make the artifact again: ${rerun(run, step)}`,
  });
}

/** The verified path of a file of a step's artifact; undefined as above, and where the artifact has no such file. */
export async function runFile(workspace: Workspace, run: Run, step: string, file: string): Promise<string | undefined> {
  const entry = (await readRunManifest(workspace, run, step))?.files[file];
  if (entry === undefined) return undefined;
  return verifiedBlob(workspace.store, entry, `${step}/${file} of run ${run.id}`, rerun(run, step));
}

/** The command that makes a step's artifact of a run again, as far as the pipeline still says so. */
export const rerun = ({ pipeline }: Run, step: string): string => `npx nx run ${step}:${pipeline} --skip-nx-cache`;
