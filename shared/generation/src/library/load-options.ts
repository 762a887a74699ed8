/** @file Options of `loadModel`, and which values they can have. */
import { UserError } from '@arrowsmith/errors';
import type { ActivationPrecision } from '@arrowsmith/ops';
import * as z from 'zod';
import { checkOptions } from '../check-options.ts';
import { checkEngineOptions, type EngineOptions } from '../engine/index.ts';
import type { AskedNames } from './draft.ts';

/** Which model, and what it runs on. */
export interface LoadOptions extends AskedNames {
  /**
   * A folder in place of a run: an artifact (`artifacts/tinystories/train`), any folder with weights.arrow and tokenizer.json, or a Hugging Face model; or a
   * file: GGUF, or model.bin of llama2.c with a tokenizer.json beside it.
   */
  folder?: string | undefined;
  /** Another tokenizer.json than that of the folder. */
  tokenizer?: string | undefined;
  /** A run, as commands name it: `latest~1`, an id, a name. Default: the last that made a model. */
  run?: string | undefined;
  /** Only runs of this pipeline. */
  pipeline?: string | undefined;
  /** Which model of the run, by its step or the format of its weights. Default: the largest that is not quantized. */
  model?: string | undefined;
  /** Any folder of the workspace that runs are kept in. Default: the current one, or else the workspace that this package belongs to. */
  workspace?: string | undefined;
  /** Backend and threads of the process, for all models: `native`, `wasm`, `cpu`. Default: the fastest that there is. */
  backend?: string | undefined;
  threads?: number | undefined;
  /**
   * What matrices are multiplied with: `f32`, or `int8`, activations that are quantized as they come, with which the integers of a quantized model are
   * multiplied. Faster, and texts may differ. The backend `native` has it. Default: f32.
   */
  activations?: ActivationPrecision | undefined;
  /** How texts share memory and passes, and how keys and values are kept. */
  engine?: EngineOptions | undefined;
  /** Processes that keep keys and values and compute attention, in place of this one; they end with the model. Default: none. */
  attentionWorkers?: number | undefined;
  /** Is told what a person should know, such as that a faster backend is not there. Default: nobody is. */
  onNotice?: ((line: string) => void) | undefined;
}

const name = z.string().min(1).optional();
const count = z.int().min(1).optional();
const ACTIVATIONS = ['f32', 'int8'] as const satisfies readonly ActivationPrecision[];

/** Those of the engine, and names of who drafts, are looked at where they are read. */
const loadOptions = z.strictObject({
  folder: name,
  tokenizer: name,
  run: name,
  pipeline: name,
  model: name,
  workspace: name,
  backend: name,
  threads: count,
  activations: z.enum(ACTIVATIONS).optional(),
  engine: z.unknown().optional(),
  attentionWorkers: count,
  onNotice: z.custom<object>((value) => typeof value === 'function', 'a function').optional(),
  draft: z.string().optional(),
  draftTokens: z.number().optional(),
});

const WHAT = 'no model can be loaded with these options';

/** @throws UserError for an unknown option, for a value that one cannot have, and for a folder and a run at once */
export function checkLoadOptions(options: LoadOptions): void {
  checkOptions(loadOptions, options, { what: WHAT });
  if (options.engine !== undefined) checkEngineOptions(options.engine, 'engine');
  const { folder, tokenizer, run, pipeline, model } = options;
  const ofRun = Object.entries({ run, pipeline, model }).flatMap(([each, value]) =>
    value === undefined ? [] : [each],
  );
  if (folder !== undefined && ofRun.length > 0) {
    throw new UserError({
      what: WHAT,
      expected: 'folder alone, or run, pipeline and model',
      found: `folder beside ${ofRun.join(', ')}`,
      fix: 'a model is of a run, or in a folder: leave one of them out',
    });
  }
  if (folder === undefined && tokenizer !== undefined) {
    throw new UserError({
      what: WHAT,
      expected: 'tokenizer with folder',
      found: 'tokenizer, and no folder',
      fix: 'a run knows the tokenizer of its models: leave tokenizer out, or name the folder',
    });
  }
}
