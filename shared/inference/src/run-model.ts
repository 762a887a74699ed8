/** @file The model and the tokenizer of a run, from the files that the ledger names and the store has. */
import { readFile } from 'node:fs/promises';
import { type BpeEncoder, createEncoder, fromTokenizerJson } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import type { Run, Workspace } from '@arrowsmith/pipeline';
import { type Model, readQuantizedModel, readTrainedModel } from '@arrowsmith/quantization/read-model';
import { rerun, resolveReference, runFile } from '@arrowsmith/runs/references';

/** The models that a run may have, and the stage that makes each. */
const STAGES = { float32: 'train', int8: 'quantize', extracted: 'extract' } as const;

export type ModelName = keyof typeof STAGES;

export const MODEL_NAMES = Object.keys(STAGES) as ModelName[];

/** What text is made with. */
export interface RunModel {
  run: Run;
  model: Model;
  encoder: BpeEncoder;
  /** The token that ends documents, and begins one. */
  endOfText: number;
}

/**
 * Loads a model of a run.
 *
 * @param wanted `reference` names a run of the ledger, of `pipeline` where that is given; by default the last one that trained a model of text
 * @param runs of the ledger, oldest first
 * @throws UserError for a reference that names no run, a run without such a model, one whose files are gone or damaged, and a model that reads
 * pictures
 */
export async function loadRunModel(
  workspace: Workspace,
  runs: readonly Run[],
  wanted: { reference?: string | undefined; pipeline?: string | undefined; model?: ModelName },
): Promise<RunModel> {
  const { reference, pipeline, model: name = 'float32' } = wanted;
  const run =
    reference === undefined
      ? lastTrained(runs, pipeline)
      : await resolveReference(reference, { workspace, runs, pipeline });
  const stage = STAGES[name];
  if (run.stages['train'] === undefined) throw noModel(run);
  if (run.stages[stage] === undefined) throw noSuchModel(run, name);
  const weights = await fileOf(workspace, run, stage, 'weights.arrow');
  const tokenizerPath = await fileOf(workspace, run, 'tokenizer', 'tokenizer.json');
  const model = await (name === 'int8' ? readQuantizedModel(weights) : readTrainedModel(weights));
  if (model.config.vision !== null) throw readsPictures(run);
  const tokenizer = fromTokenizerJson(await readFile(tokenizerPath, 'utf8'), tokenizerPath);
  const end = run.stages['tokenizer']?.metadata['endOfText'];
  const endOfText = tokenizer.specialTokens.find(({ content }) => content === end)?.id;
  if (endOfText === undefined) throw noEnd(run, tokenizerPath, String(end));
  return { run, model, encoder: createEncoder(tokenizer), endOfText };
}

/** The last run that trained a model. @throws UserError where there is none */
function lastTrained(all: readonly Run[], pipeline: string | undefined): Run {
  const runs = pipeline === undefined ? all : all.filter((run) => run.pipeline === pipeline);
  const run = runs.findLast(({ stages }) => stages['train'] !== undefined);
  if (run !== undefined) return run;
  throw new UserError({
    what: `there is no run${pipeline === undefined ? '' : ` of pipeline ${pipeline}`} that trained a model yet`,
    expected: 'a run in the ledger, artifacts/runs',
    found: runs.length === 0 ? 'no runs' : `${runs.length} ${runs.length === 1 ? 'run' : 'runs'} of other stages`,
    fix:
      pipeline === undefined
        ? 'npx nx run pipeline:tinystories trains one in a few minutes, npx nx run pipeline:smoke a tiny one in seconds'
        : 'choose another pipeline; npx nx run pipeline:runs lists runs',
  });
}

/** @throws UserError where the store no longer has it, or it is damaged */
async function fileOf(workspace: Workspace, run: Run, stage: string, file: string): Promise<string> {
  const path = await runFile(workspace, run, stage, file);
  if (path !== undefined) return path;
  throw new UserError({
    what: `the artifact of ${stage} of run ${run.id} is no longer in the store`,
    where: `${workspace.store}, manifest ${run.stages[stage]?.manifest.slice(0, 12) ?? 'none'}`,
    expected: `its file ${file}`,
    found: 'no such files (deleted, or removed by garbage collection)',
    fix: `with the code and the parameters of that run, ${rerun(run, stage)} makes it again; or choose another run: --run=<run>`,
  });
}

const noModel = (run: Run): UserError =>
  new UserError({
    what: `run ${run.id} of ${run.pipeline} trained no model`,
    expected: 'a run with the stage train',
    found: `the stages ${Object.keys(run.stages).join(', ')}`,
    fix: `npx nx run train:${run.pipeline}, or another run: --run=<run>; npx nx run pipeline:runs lists them`,
  });

function noSuchModel(run: Run, name: ModelName): UserError {
  const there = MODEL_NAMES.filter((each) => run.stages[STAGES[each]] !== undefined);
  return new UserError({
    what: `run ${run.id} has no model ${name}`,
    expected: `--model=${there.join(' or --model=')}`,
    found: `the stages ${Object.keys(run.stages).join(', ')}`,
    fix: `npx nx run ${STAGES[name]}:${run.pipeline} makes one`,
  });
}

const readsPictures = (run: Run): UserError =>
  new UserError({
    what: `the model of run ${run.id} reads pictures, and continues text only behind one`,
    expected: 'a model of text alone',
    found: `a model with patch embeddings, of pipeline ${run.pipeline}`,
    fix: `choose another run: --run=<run>; the captions it wrote are in the report: npx nx run pipeline:report --run=${run.id}`,
  });

const noEnd = (run: Run, path: string, end: string): UserError =>
  new UserError({
    what: 'the tokenizer has no token that ends a text',
    where: path,
    expected: `the special token ${end}`,
    found: 'none of that name',
    fix: rerun(run, 'tokenizer'),
  });
