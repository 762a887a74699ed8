/** @file Who drafts tokens for a model, as commands and programs name it, found and read. */
import type { BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import type { DraftOptions, EngineModel } from '../engine/index.ts';
import { findInFolder, type ModelFiles } from './model-files.ts';
import { firstOtherToken } from './other-tokens.ts';
import { readTokenizer, readWeights } from './read-model.ts';

/** Who drafts: the text so far, a narrower model within the model itself, or another model. */
export type DraftSource =
  | { kind: 'prompt' }
  /** 1 for the half of a nested model's feed-forward networks, 2 for the quarter … */
  | { kind: 'width'; granularity: number }
  | { kind: 'folder'; folder: string }
  /** `model` is the step that made it, or the format of its weights; the largest that is not quantized by default. */
  | { kind: 'run'; run: string; model: string | undefined };

/** What was said of drafts. */
export interface AskedDraft {
  source: DraftSource;
  /** Tokens of a draft at most. */
  tokens: number | undefined;
}

/** How people name it. */
const NAMED = 'prompt; 1/2, 1/4 … of a nested model; a run, or <run>:<step>; a folder, with a slash in its path';

/**
 * Reads what was said of drafts: `prompt`, `1/2`, `latest~1`, `latest:int8`, `./folder`. Names of runs have no slash, so that a folder of the current one
 * is written with `./`.
 *
 * @throws UserError for what names nobody, and for a number of tokens that cannot be
 */
export function readDraft({ draft, draftTokens }: AskedNames): AskedDraft | undefined {
  if (draftTokens !== undefined && !(Number.isSafeInteger(draftTokens) && draftTokens >= 1)) {
    throw new UserError({
      what: 'a draft cannot have so many tokens',
      expected: 'a whole number of at least 1',
      found: `${draftTokens} as draftTokens`,
    });
  }
  if (draft !== undefined) return { source: sourceOf(draft), tokens: draftTokens };
  if (draftTokens === undefined) return undefined;
  throw new UserError({
    what: 'draftTokens says how long drafts are, and nobody drafts',
    expected: `draft: ${NAMED}`,
    found: 'no draft',
    fix: 'say who drafts, or leave draftTokens out',
  });
}

/** The names of options. */
export interface AskedNames {
  /**
   * Who drafts tokens, which the model verifies several at a time: `prompt`, what followed the last tokens where they stood before; `1/2`, `1/4` …, a
   * narrower model within a nested one; a run as commands name it, `latest~1` or `latest:<step>`; or a folder, by a path with a slash. The text is the
   * same with and without. Nobody by default.
   */
  draft?: string | undefined;
  /** Tokens of a draft at most; 5 by default. */
  draftTokens?: number | undefined;
}

function sourceOf(draft: string): DraftSource {
  if (draft === 'prompt') return { kind: 'prompt' };
  const [, parts] = /^1\/(\d+)$/.exec(draft) ?? [];
  if (parts !== undefined) {
    const granularity = Math.log2(Number(parts));
    if (Number.isInteger(granularity) && granularity > 0) return { kind: 'width', granularity };
    throw notUnderstood(draft, '1/2, 1/4, 1/8 …: widths that nested models have');
  }
  if (/[/\\]/.test(draft) || /^\.+$/.test(draft)) return { kind: 'folder', folder: draft };
  const [, run, model] = /^([^:]+)(?::([^:]+))?$/.exec(draft) ?? [];
  if (run === undefined) throw notUnderstood(draft, NAMED);
  return { kind: 'run', run, model };
}

/** The model that drafts are for. */
export interface DraftedModel extends Pick<ModelFiles, 'name' | 'weights'> {
  tokenizer: BpeModel;
}

/** Who drafts, found and not read. */
export interface FoundDraft {
  /** @param model that of the files, on the active backend; a narrower one within it shares its parameters @returns what the caller disposes of */
  open(model: EngineModel): Promise<DraftOptions>;
}

/**
 * Finds who drafts, and looks whether it has the same tokens as the model.
 *
 * @param workspace as `loadModel` takes it
 * @throws UserError where there is no such model, or one of other tokens
 */
export async function findDraft(
  { source, tokens }: AskedDraft,
  { name, weights, tokenizer }: DraftedModel,
  workspace?: string,
): Promise<FoundDraft> {
  switch (source.kind) {
    case 'prompt':
      return { open: async () => ({ by: 'prompt-lookup', tokens }) };
    case 'width':
      return { open: async (model) => ({ by: await openNested(model, source, { name, weights }), tokens }) };
    case 'folder':
    case 'run': {
      const files =
        source.kind === 'folder'
          ? await findInFolder(source.folder)
          : await (await import('./run-files.ts')).findInRuns({ ...source, workspace });
      const own = await readTokenizer(files);
      refuseOtherTokens(name, tokenizer, files, own.tokenizer);
      return { open: async () => ({ by: await readWeights(files, own.tokenizer), tokens }) };
    }
  }
}

/** @throws UserError where the model has no such one within it */
async function openNested(
  model: EngineModel,
  { granularity }: { granularity: number },
  { name, weights }: Pick<ModelFiles, 'name' | 'weights'>,
): Promise<EngineModel> {
  const { granularities } = model.config.matformer;
  if (granularity >= granularities || weights.format !== 'arrow') {
    const widths = Array.from({ length: granularities - 1 }, (_, i) => `1/${2 ** (i + 1)}`);
    throw new UserError({
      what: `the model has no narrower one within it that is 1/${2 ** granularity} as wide`,
      where: name,
      expected: widths.length === 0 ? 'a nested model (MatFormer)' : widths.join(' or '),
      found: widths.length === 0 ? 'a model of one width' : `1/${2 ** granularity}`,
      fix:
        widths.length === 0
          ? 'train one with train.model.matformer.granularities, or let another model draft'
          : `choose ${widths.join(' or ')}`,
    });
  }
  const { loadNested } = await import('@arrowsmith/quantization/nested-model');
  return { ...model, ...(await loadNested(weights.file, model.parameters, granularity)) };
}

/** @throws UserError where an id stands for one text here, and for another there */
function refuseOtherTokens(name: string, tokenizer: BpeModel, draft: ModelFiles, other: BpeModel): void {
  const found = firstOtherToken(tokenizer, other);
  if (found === undefined) return;
  throw new UserError({
    what: 'the draft model has other tokens than the model',
    where: `${draft.name}, ${draft.tokenizer}`,
    expected: `the tokenizer of ${name}, whose token ${found.id} is ${found.one}`,
    found: `one whose token ${found.id} is ${found.other}`,
    fix: 'take a model that was trained with the same tokenizer, or prompt, which needs no model',
  });
}

const notUnderstood = (draft: string, expected: string): UserError =>
  new UserError({
    what: 'who drafts is not understood',
    expected,
    found: draft === '' ? 'nothing' : draft,
    fix: 'for example prompt, or latest~1',
  });
