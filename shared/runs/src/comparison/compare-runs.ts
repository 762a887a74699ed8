/** @file Compares runs: reads what the ledger and the store still have of them. */
import type { Run, Workspace } from '@arrowsmith/pipeline';
import { readRunManifest, rerun, runFile } from '../artifact-reader.ts';
import type { ComparedRun, Comparison } from './comparison.ts';
import { allStages, compareArtifacts, findDivergence } from './lineage.ts';
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
  const stages = allStages(runs);
  const manifests = await Promise.all(
    stages.map((stage) => Promise.all(runs.map((run) => readRunManifest(workspace, run, stage)))),
  );
  const evaluations = await Promise.all(runs.map((run) => readEvaluation(workspace, run)));
  const comparable = runs.map((run, i) => areSameTokens(runs[0]!, evaluations[0]!, run, evaluations[i]!));
  const losses = compareLosses(evaluations.map((evaluation) => (evaluation.losses.size > 0 ? evaluation : undefined)));
  const samples = runs.map(async (run) => {
    const path = await runFile(workspace, run, 'evaluate', 'samples.arrow');
    return path === undefined ? undefined : readSamples(path);
  });
  const compared = named.map(({ reference, run }, i): ComparedRun => {
    const { stages: records, ...head } = run;
    const collected = Object.keys(records).filter((stage) => manifests[stages.indexOf(stage)]![i] === undefined);
    return { ...head, reference, collected, cached: Object.keys(records).filter((stage) => records[stage]!.cached) };
  });
  const values = (of: (stage: Run['stages'][string]) => unknown) =>
    stages.flatMap((stage) =>
      differingValues(
        stage,
        runs.map((run) => run.stages[stage] && of(run.stages[stage])),
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
    artifacts: stages.map((stage, i) => compareArtifacts(runs, stage, manifests[i]!)),
    divergences: runs.map((run, i) => (i === 0 ? null : findDivergence(runs[0]!, run))),
    samples: compareSamples(await Promise.all(samples)),
  };
}

async function readEvaluation(workspace: Workspace, run: Run): Promise<Evaluation> {
  const manifest = await readRunManifest(workspace, run, 'evaluate');
  const { evaluatedText, tokenizer } = manifest?.metadata ?? run.stages['evaluate']?.metadata ?? {};
  const path = await runFile(workspace, run, 'evaluate', 'documents.arrow');
  return {
    text: evaluatedText as string | undefined,
    tokenizer: tokenizer as string | undefined,
    losses: path === undefined ? new Map() : await readDocumentLosses(path),
  };
}

/** Where a run says nothing about its text and tokenizer, equal artifacts of the stages that made them do. */
function areSameTokens(a: Run, ofA: Evaluation, b: Run, ofB: Evaluation): boolean {
  const same = (stage: string): boolean =>
    a.stages[stage] !== undefined && a.stages[stage].manifest === b.stages[stage]?.manifest;
  return sameTokens(ofA, ofB) || (same('download') && same('tokenizer'));
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
          `${collected.includes('evaluate') ? 'losses by document and samples are not' : 'losses and samples, too'}`,
      );
    }
    if (run.stages['evaluate'] === undefined) {
      said.push(`${named(i)} was not evaluated: it ended with ${run.stage ?? Object.keys(run.stages).at(-1)}`);
    } else if (evaluations[i]!.losses.size === 0 && !collected.includes('evaluate')) {
      said.push(`${named(i)} has no losses by document, hence no intervals; ${rerun(run, 'evaluate')} makes them`);
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
    } else if (!comparable[i] && run.stages['evaluate'] !== undefined && first!.stages['evaluate'] !== undefined) {
      said.push(`${named(0)} and ${named(i)} may have different text or tokenizers: losses per token are not compared`);
    }
    return said;
  });
}
