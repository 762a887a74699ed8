/** @file Which model a command speaks with: that of a run, or one in a folder. */
import { printError, UserError } from '@arrowsmith/errors';
import { loadModel, type TextModel } from '@arrowsmith/generation';
import { text } from '@arrowsmith/pipeline/cli';
import { oneRun, pipelineOption, runOption } from '@arrowsmith/runs/references';
import type { AskedEngine } from './engine-options.ts';

export const modelOptions = {
  ...runOption('the last that made a model'),
  ...pipelineOption(),
  model: text(
    'Which model of the run, by the step that made it, or by the format of its weights: train, quantize, int8.',
    'step',
    'the largest that is not quantized',
  ),
  folder: text(
    'A model in place of that of a run: a folder with weights.arrow and tokenizer.json, an artifact, a Hugging Face model; or a file of GGUF or of llama2.c.',
    'folder or file',
  ),
} as const;

/** What the options of a command say of a model. */
export interface NamedModel {
  run?: string | undefined;
  pipeline?: string | undefined;
  model?: string | undefined;
  folder?: string | undefined;
}

type AskedModel = NamedModel & AskedEngine;

/**
 * Loads it and who drafts for it, and starts a backend.
 *
 * @param sequences texts that are written side by side
 * @throws UserError where there is no such model, for a folder and a run at once, and for a draft model with other tokens
 */
export async function loadAsked(asked: AskedModel, root: string, sequences: number): Promise<TextModel> {
  const { activations, draft, draftTokens } = asked;
  const engine = { ...asked.engine, sequences };
  return loadModel({
    ...oneModel(asked),
    activations,
    draft,
    draftTokens,
    workspace: root,
    engine,
    onNotice: printError,
  });
}

/** @throws UserError for a folder and a run at once */
export function oneModel(asked: NamedModel): NamedModel {
  const { folder, pipeline, model } = asked;
  const run = oneRun(asked.run);
  if (folder !== undefined && [run, pipeline, model].some((each) => each !== undefined)) {
    throw new UserError({
      what: 'a model is of a run, or in a folder',
      expected: '--folder alone, or --run, --pipeline and --model',
      found: `--folder=${folder} beside others`,
      fix: 'leave one of them out',
    });
  }
  return { folder, run, pipeline, model };
}
