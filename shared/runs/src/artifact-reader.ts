/** @file The artifacts of a run, as far as the store still has them: runs outlive what they made where garbage was collected. */
import { isStored, type Manifest, storedManifest, verifiedBlob } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { Run, Workspace } from '@arrowsmith/pipeline';
import { rerunCommand } from '@arrowsmith/pipeline/runs';

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
export const rerun = (run: Run, step: string): string => rerunCommand(run, step, neededNames(run, step));

/** The names of a step of a run and of those that it read, and of their stages. */
function neededNames({ steps }: Run, step: string): ReadonlySet<string> {
  const needed = new Set<string>();
  const names = new Set<string>();
  const visit = (name: string): void => {
    const record = Object.hasOwn(steps, name) ? steps[name] : undefined;
    if (record === undefined || needed.has(name)) return;
    needed.add(name);
    names.add(name).add(record.stage);
    Object.keys(record.inputs).forEach(visit);
  };
  visit(step);
  return names;
}
