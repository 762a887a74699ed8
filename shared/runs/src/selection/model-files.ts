/** @file Which model of a run is meant, and the files of it and of its tokenizer, which the ledger names and the store has. */
import { nearest, UserError } from '@arrowsmith/errors';
import type { ArtifactKind, Run, StepRun, Workspace } from '@arrowsmith/pipeline';
import { WEIGHTS_FILE } from '@arrowsmith/quantization/model-files';
import { rerun, runFile } from '../artifact-reader.ts';
import { resolveReference } from './references.ts';

/** A model of a run, found but not read. */
export interface RunModelFiles {
  run: Run;
  /** The step that made the model. */
  step: string;
  /** The file of its weights. */
  weights: string;
  /** The tokenizer.json that it was made with. */
  tokenizer: string;
  /** What is written for the token that ends documents. */
  endOfText: string;
  /** For the token that documents begin with, where it is another. */
  beginOfText?: string;
  /** For other tokens that end a text, where there are such. */
  endTokens?: string[];
  /** tokenizer_config.json with the template of conversations, where the model came with one. */
  conversations?: string;
}

/**
 * Finds a model of a run, and its tokenizer.
 *
 * @param wanted `reference` names a run of the ledger, of `pipeline` where that is given; by default the last one that made a model of text;
 *   `model` the step that made it, or the format of its weights; by default the largest that is not quantized
 * @param runs of the ledger, oldest first
 * @throws UserError for a reference that names no run, a run without such a model, and one whose files are gone or damaged
 */
export async function findModelFiles(
  workspace: Workspace,
  runs: readonly Run[],
  wanted: { reference?: string | undefined; pipeline?: string | undefined; model?: string | undefined },
): Promise<RunModelFiles> {
  const { reference, pipeline } = wanted;
  const run =
    reference === undefined
      ? lastWithModel(runs, pipeline)
      : await resolveReference(reference, { workspace, runs, pipeline });
  const step = chooseModel(run, wanted.model);
  const tokenizerStep = tokenizerOf(run, step);
  const conversations = await runFile(workspace, run, tokenizerStep, 'tokenizer_config.json');
  return {
    run,
    step,
    weights: await fileOf(workspace, run, step, WEIGHTS_FILE),
    tokenizer: await fileOf(workspace, run, tokenizerStep, 'tokenizer.json'),
    ...boundsOf(run.steps[tokenizerStep]),
    ...(conversations === undefined ? {} : { conversations }),
  };
}

/** What the step of a tokenizer says of texts. */
function boundsOf(step: StepRun | undefined): Pick<RunModelFiles, 'endOfText' | 'beginOfText' | 'endTokens'> {
  const { endOfText = '', beginOfText, endTokens } = step?.metadata ?? {};
  return {
    endOfText: String(endOfText),
    ...(beginOfText === undefined ? {} : { beginOfText: String(beginOfText) }),
    ...(typeof endTokens === 'string' ? { endTokens: JSON.parse(endTokens) as string[] } : {}),
  };
}

const makes = (kind: ArtifactKind, { steps }: Run): string[] =>
  Object.keys(steps).filter((step) => steps[step]!.makes.includes(kind));

/** The last run that made a model. @throws UserError where there is none */
function lastWithModel(all: readonly Run[], pipeline: string | undefined): Run {
  const runs = pipeline === undefined ? all : all.filter((run) => run.pipeline === pipeline);
  const run = runs.findLast((each) => makes('model', each).length > 0);
  if (run !== undefined) return run;
  throw new UserError({
    what: `there is no run${pipeline === undefined ? '' : ` of pipeline ${pipeline}`} that made a model yet`,
    expected: 'a run in the ledger, artifacts/runs',
    found: runs.length === 0 ? 'no runs' : `${runs.length} ${runs.length === 1 ? 'run' : 'runs'} of other steps`,
    fix:
      pipeline === undefined
        ? 'npx nx run pipeline:tinystories trains one in a few minutes, npx nx run pipeline:smoke a tiny one in seconds'
        : 'choose another pipeline; npx nx run pipeline:runs lists runs',
  });
}

/** The format of a model's weights; runs of before models said it had float32 ones where they were not quantized. */
const formatOf = ({ metadata }: StepRun): string => String(metadata['format'] ?? 'f32');

/** 0 where a run of before models did not say. */
const parametersOf = ({ metadata }: StepRun): number => Number(metadata['parameters'] ?? 0);

/** What weights are called elsewhere. */
const ALSO: Readonly<Record<string, string>> = { float32: 'f32' };

/**
 * The step that made the model that is meant; where nobody says which, the largest that is not quantized, and of equals the last: a model that
 * others are made of, or the one that a training ended with.
 *
 * @param asked a step, or a format of weights
 * @throws UserError where there is none
 */
export function chooseModel(run: Run, asked: string | undefined): string {
  const models = makes('model', run);
  if (models.length === 0) throw noModel(run);
  const largest = (format?: string): string | undefined => {
    const of = models.filter((step) => format === undefined || formatOf(run.steps[step]!) === format);
    const parameters = of.map((step) => parametersOf(run.steps[step]!));
    return of[parameters.lastIndexOf(Math.max(...parameters))];
  };
  if (asked === undefined) return largest('f32') ?? largest()!;
  if (models.includes(asked)) return asked;
  const ofFormat = largest(Object.hasOwn(ALSO, asked) ? ALSO[asked]! : asked);
  if (ofFormat !== undefined) return ofFormat;
  const [near] = nearest(asked, models);
  throw new UserError({
    what: `run ${run.id} has no model ${asked}`,
    expected: `--model=${models.join(' or --model=')}`,
    found: `the steps ${Object.keys(run.steps).join(', ')}`,
    fix: near === undefined ? `choose one of them, or another run: --run=<run>` : `did you mean --model=${near}?`,
  });
}

/** The step whose tokenizer a model was made with: the nearest one before it. @throws UserError where the run has none */
function tokenizerOf(run: Run, model: string): string {
  const seen = new Set<string>();
  let level = [model];
  while (level.length > 0) {
    const found = level.find((step) => run.steps[step]?.makes.includes('tokenizer'));
    if (found !== undefined) return found;
    for (const step of level) seen.add(step);
    level = level.flatMap((step) => Object.keys(run.steps[step]?.inputs ?? {})).filter((step) => !seen.has(step));
  }
  throw new UserError({
    what: `run ${run.id} does not know the tokenizer of ${model}`,
    expected: 'a step that makes one, before it',
    found: `the steps ${Object.keys(run.steps).join(', ')}`,
    fix: 'choose another run: --run=<run>',
  });
}

/** @throws UserError where the store no longer has it, or it is damaged */
async function fileOf(workspace: Workspace, run: Run, step: string, file: string): Promise<string> {
  const path = await runFile(workspace, run, step, file);
  if (path !== undefined) return path;
  throw new UserError({
    what: `the artifact of ${step} of run ${run.id} is no longer in the store`,
    where: `${workspace.store}, manifest ${run.steps[step]?.manifest.slice(0, 12) ?? 'none'}`,
    expected: `its file ${file}`,
    found: 'no such files, or damaged ones (deleted, cut off, or removed by garbage collection)',
    fix: `with the code and the parameters of that run, ${rerun(run, step)} makes it again; or choose another run: --run=<run>`,
  });
}

const noModel = (run: Run): UserError =>
  new UserError({
    what: `run ${run.id} of ${run.pipeline} made no model`,
    expected: 'a run with a step that makes one',
    found: `the steps ${Object.keys(run.steps).join(', ')}`,
    fix: `npx nx run pipeline:${run.pipeline}, or another run: --run=<run>; npx nx run pipeline:runs lists them`,
  });
