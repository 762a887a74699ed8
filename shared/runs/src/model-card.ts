/** @file What a model card says of a model's data, of how good it is, and of what it was made of: from the tables of the steps that know it. */
import { readBatches } from '@arrowsmith/artifacts';
import type { ArtifactKind, Run, Workspace } from '@arrowsmith/pipeline';
import { runFile } from './artifact-reader.ts';

/** A fact of a corpus's data card. */
interface CardFact {
  section: string;
  split: string;
  name: string;
  text: string;
}

/** Losses of a model over held-out text. */
interface CardMeasurement {
  model: string;
  tokens: number;
  /** Nats per token. */
  loss: number;
  perplexity: number;
  bitsPerByte: number;
}

/** What is known of a model besides what its own files say. */
export interface ModelCardInputs {
  facts: CardFact[];
  measured: CardMeasurement[];
  /** The steps that the model was made of, and the digests of their artifacts' manifests. */
  provenance: { step: string; digest: string }[];
}

/** The table of a corpus with what is in it. */
export const DATA_CARD = 'card.arrow';

/** The table of measurements with the losses of models. */
export const METRICS = 'metrics.arrow';

/** What a data card says. @param path of {@link DATA_CARD} */
export async function readFacts(path: string): Promise<CardFact[]> {
  const facts: CardFact[] = [];
  for await (const batch of readBatches(path, 'data-card')) {
    const text = (column: string, row: number) => String(batch.getChild(column)?.get(row) ?? '');
    for (let row = 0; row < batch.numRows; row++) {
      facts.push({
        section: text('section', row),
        split: text('split', row),
        name: text('name', row),
        text: text('text', row),
      });
    }
  }
  return facts;
}

/** What was measured of the model of a step; of all models where it is not among them, as they may be called otherwise. @param path of {@link METRICS} */
export async function readMeasured(path: string, step: string): Promise<CardMeasurement[]> {
  const all: CardMeasurement[] = [];
  for await (const batch of readBatches(path, 'metrics')) {
    const number = (column: string, row: number) => Number(batch.getChild(column)?.get(row));
    for (let row = 0; row < batch.numRows; row++) {
      all.push({
        model: String(batch.getChild('model')?.get(row)),
        tokens: number('tokens', row),
        loss: number('loss', row),
        perplexity: number('perplexity', row),
        bitsPerByte: number('bitsPerByte', row),
      });
    }
  }
  const own = all.filter(({ model }) => model === step);
  return own.length > 0 ? own : all;
}

/**
 * What a run knows of the model of one of its steps, as far as the store still has it.
 *
 * @throws UserError for a damaged file
 */
export async function modelCardInputs(workspace: Workspace, run: Run, model: string): Promise<ModelCardInputs> {
  const made = madeOf(run, model);
  const makes = (step: string, kind: ArtifactKind) => run.steps[step]?.makes.includes(kind) === true;
  const reads = (step: string) => Object.keys(run.steps[step]?.inputs ?? {});
  const tables = async <T>(steps: readonly string[], file: string, read: (path: string) => Promise<T[]>) => {
    const paths = await Promise.all(steps.map((step) => runFile(workspace, run, step, file)));
    return (await Promise.all(paths.filter((path) => path !== undefined).map(read))).flat();
  };
  const corpora = made.filter((step) => makes(step, 'corpus'));
  const measuring = Object.keys(run.steps).filter((step) => makes(step, 'measurements') && reads(step).includes(model));
  return {
    facts: await tables(corpora, DATA_CARD, readFacts),
    measured: await tables(measuring, METRICS, (path) => readMeasured(path, model)),
    provenance: made.map((step) => ({ step, digest: run.steps[step]!.manifest })),
  };
}

/** A step and all that its artifact was made of, in the order of the run. */
function madeOf({ steps }: Run, model: string): string[] {
  const found = new Set<string>();
  const open = [model];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (found.has(step)) continue;
    found.add(step);
    open.push(...Object.keys(steps[step]?.inputs ?? {}));
  }
  return Object.keys(steps).filter((step) => found.has(step));
}
