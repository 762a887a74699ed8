/** @file Compares runs: reads what the ledger and the store still have of them. */
import { type ArtifactKind, modelOf, type Run, type Workspace } from '@arrowsmith/pipeline/runs';
import { readRunManifest, rerun, runFile } from '../artifact-reader.ts';
import type { ComparedRun, Comparison } from './comparison.ts';
import { allSteps, compareArtifacts, findDivergence } from './lineage.ts';
import { compareLosses, type Evaluation, sameTokens } from './losses.ts';
import { compareMetrics } from './metrics.ts';
import { compareSamples, readDocumentLosses, readSamples } from './tables.ts';
import { differingValues } from './values.ts';

/** A run and how it was asked for. */
export interface NamedRun {
  reference: string;
  run: Run;
}

/**
 * Compares runs with the first of them.
 * @throws UserError when a table that is read turns out to be corrupt
 */
export async function compareRuns(workspace: Workspace, named: readonly NamedRun[]): Promise<Comparison> {
  const runs = named.map(({ run }) => run);
  const steps = allSteps(runs);
  const manifests = await Promise.all(
    steps.map((step) => Promise.all(runs.map((run) => readRunManifest(workspace, run, step)))),
  );
  const evaluations = await Promise.all(runs.map((run) => readEvaluation(workspace, run)));
  const comparable = runs.map((run, i) => areSameTokens(runs[0]!, evaluations[0]!, run, evaluations[i]!));
  const losses = compareLosses(evaluations.map((evaluation) => (evaluation.losses.size > 0 ? evaluation : undefined)));
  const samples = runs.map(async (run) => {
    const step = evaluationOf(run);
    const path = step && (await runFile(workspace, run, step, 'samples.arrow'));
    return path === undefined ? undefined : readSamples(path, (model) => modelOf(run, model));
  });
  const compared = named.map(({ reference, run }, i): ComparedRun => {
    const { steps: records, ...head } = run;
    const collected = Object.keys(records).filter((step) => manifests[steps.indexOf(step)]![i] === undefined);
    return { ...head, reference, collected, cached: Object.keys(records).filter((step) => records[step]!.cached) };
  });
  const values = (of: (step: Run['steps'][string]) => unknown) =>
    steps.flatMap((step) =>
      differingValues(
        step,
        runs.map((run) => run.steps[step] && of(run.steps[step])),
      ),
    );
  return {
    format: 1,
    runs: compared,
    notices: notices(compared, runs, evaluations, comparable),
    parameters: values(({ parameters }) => parameters),
    environments: values(({ environment }) => environment),
    losses,
    metrics: compareMetrics(runs, comparable, losses),
    artifacts: steps.map((step, i) => compareArtifacts(runs, step, manifests[i]!)),
    divergences: runs.map((run, i) => (i === 0 ? null : findDivergence(runs[0]!, run))),
    samples: compareSamples(await Promise.all(samples)),
  };
}

/** The step that measured a run's models: the last one. */
const evaluationOf = ({ steps }: Run): string | undefined =>
  Object.keys(steps).findLast((step) => steps[step]!.makes.includes('measurements'));

async function readEvaluation(workspace: Workspace, run: Run): Promise<Evaluation> {
  const step = evaluationOf(run);
  if (step === undefined) return { step, text: undefined, tokenizer: undefined, losses: new Map() };
  const manifest = await readRunManifest(workspace, run, step);
  const { evaluatedText, tokenizer } = manifest?.metadata ?? run.steps[step]!.metadata;
  const path = await runFile(workspace, run, step, 'documents.arrow');
  return {
    step,
    text: evaluatedText as string | undefined,
    tokenizer: tokenizer as string | undefined,
    losses: path === undefined ? new Map() : await readDocumentLosses(path, (model) => modelOf(run, model)),
  };
}

/** Where a run says nothing about its text and tokenizer, equal artifacts of the steps that made them do. */
function areSameTokens(a: Run, ofA: Evaluation, b: Run, ofB: Evaluation): boolean {
  const made = ({ steps }: Run, kind: ArtifactKind): string[] =>
    Object.values(steps).flatMap(({ makes, manifest }) => (makes.includes(kind) ? [manifest] : []));
  const same = (kind: ArtifactKind): boolean => {
    const [ofOne, ofOther] = [made(a, kind), made(b, kind)];
    return ofOne.length > 0 && ofOne.join() === ofOther.join();
  };
  return sameTokens(ofA, ofB) || (same('corpus') && same('tokenizer'));
}

function notices(
  compared: readonly ComparedRun[],
  runs: readonly Run[],
  evaluations: readonly Evaluation[],
  comparable: readonly boolean[],
): string[] {
  const [first] = runs;
  const named = (i: number): string => `run ${compared[i]!.reference}`;
  return runs.flatMap((run, i) => {
    const said: string[] = [];
    const { collected, substitution } = compared[i]!;
    if (substitution !== undefined) said.push(`${named(i)}: ${substitution}`);
    if (collected.length > 0) {
      said.push(
        `${named(i)}: the artifacts of ${collected.join(', ')} are no longer in the store; parameters, metrics, times and digests are compared, ` +
          `${collected.includes(evaluations[i]!.step ?? '') ? 'losses by document and samples are not' : 'losses and samples, too'}`,
      );
    }
    const { step } = evaluations[i]!;
    if (step === undefined) {
      said.push(`${named(i)} was not evaluated: it ended with ${run.step ?? Object.keys(run.steps).at(-1)}`);
    } else if (evaluations[i]!.losses.size === 0 && !collected.includes(step)) {
      said.push(`${named(i)} has no losses by document, hence no intervals; ${rerun(run, step)} makes them`);
    }
    if (i === 0) return said;
    if (run.pipeline !== first!.pipeline)
      said.push(`${named(i)} is of pipeline ${run.pipeline}, ${named(0)} of ${first!.pipeline}`);
    const [a, b] = [evaluations[0]!, evaluations[i]!];
    const textsDiffer = a.text !== undefined && b.text !== undefined && a.text !== b.text;
    if (textsDiffer) {
      said.push(
        `${named(0)} and ${named(i)} were evaluated on different text: losses per token are not compared. Bits per byte are, each over its own ` +
          'text, so that a difference may come from the text',
      );
    } else if (!comparable[i] && a.tokenizer !== undefined && b.tokenizer !== undefined) {
      said.push(
        `${named(0)} and ${named(i)} have different tokenizers: losses per token are not compared, bits per byte are instead`,
      );
    } else if (!comparable[i] && step !== undefined && evaluations[0]!.step !== undefined) {
      said.push(`${named(0)} and ${named(i)} may have different text or tokenizers: losses per token are not compared`);
    }
    return said;
  });
}
