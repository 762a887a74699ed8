/** @file A model of a run in the ledger. */
import { readChatTemplate } from '@arrowsmith/import/conversations';
import { findRoot, openWorkspace, type Workspace } from '@arrowsmith/pipeline/workspace';
import { findModelFiles, readRuns, type RunModelFiles } from '@arrowsmith/runs/references';
import type { LoadOptions } from './load-options.ts';
import type { ModelFiles } from './model-files.ts';

/** @throws UserError for a reference that names no run, a run without such a model, and one whose files are gone or damaged */
export async function findInRuns(wanted: LoadOptions): Promise<ModelFiles> {
  const workspace = wanted.workspace === undefined ? nearestWorkspace() : openWorkspace(findRoot(wanted.workspace));
  const { run: reference, pipeline, model } = wanted;
  return filesOf(await findModelFiles(workspace, await readRuns(workspace), { reference, pipeline, model }));
}

/** The workspace around the current folder; for a program that lies elsewhere, the one that this package belongs to. */
function nearestWorkspace(): Workspace {
  try {
    return openWorkspace(findRoot(process.cwd()));
  } catch {
    return openWorkspace(findRoot(import.meta.dirname));
  }
}

/** What a ledger's files of a model are to whoever opens them. */
export async function filesOf({ run, step, weights, conversations, ...read }: RunModelFiles): Promise<ModelFiles> {
  return {
    name: `run ${run.id}, ${step}`,
    weights: { format: 'arrow', file: weights },
    ...read,
    ...(conversations === undefined ? {} : { chatTemplate: await readChatTemplate(conversations) }),
  };
}
