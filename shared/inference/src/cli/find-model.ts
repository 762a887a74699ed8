/** @file The files of a model that a command is asked for: of a run, or in a folder or a file; found, and not read. */
import { resolve } from 'node:path';
import { findInFolder, type ModelFiles, readChatTemplate } from '@arrowsmith/generation';
import type { Run, Workspace } from '@arrowsmith/pipeline';
import { findModelFiles, readRuns } from '@arrowsmith/runs/references';
import type { NamedModel } from './model-options.ts';

/**
 * @param tokenizer another tokenizer.json than that of a folder, from the root of the workspace
 * @throws UserError where there is no such run or model
 */
export async function findAsked(
  workspace: Workspace,
  asked: NamedModel,
  tokenizer?: string,
): Promise<{ files: ModelFiles; run?: Run; step?: string }> {
  const { folder, run: reference, pipeline, model } = asked;
  if (folder !== undefined) {
    const named = tokenizer === undefined ? undefined : resolve(workspace.root, tokenizer);
    return { files: { ...(await findInFolder(resolve(workspace.root, folder), named)), name: folder } };
  }
  const found = await findModelFiles(workspace, await readRuns(workspace), { reference, pipeline, model });
  const { run, step, weights, conversations, ...read } = found;
  const files: ModelFiles = {
    name: `run ${run.id}, ${step}`,
    weights: { format: 'arrow', file: weights },
    ...read,
    ...(conversations === undefined ? {} : { chatTemplate: await readChatTemplate(conversations) }),
  };
  return { files, run, step };
}
