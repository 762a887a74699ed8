/**
 * @file How a run is named on a command line: `latest`, `latest~2`, `tinystories@latest`, `baseline`, an id or the beginning of one, the word that an
 * id ends with, a name, or a git revision, which means the latest run from that commit.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { nearest, UserError } from '@arrowsmith/errors';
import { ledgerFolder, type Run, type Workspace } from '@arrowsmith/pipeline/runs';
import type { NamedRun } from '../comparison/compare-runs.ts';

/** Most runs that an error lists. */
const LISTED = 5;

export interface ReferenceContext {
  workspace: Workspace;
  /** Oldest first. */
  runs: readonly Run[];
  /** What `latest`, `baseline`, names and ids are looked for in; all pipelines by default. */
  pipeline?: string | undefined;
}

/**
 * Finds runs. `baseline` alone is that of the first other run's pipeline.
 * @throws UserError for a reference that names no run, or several
 */
export async function resolveReferences(references: readonly string[], context: ReferenceContext): Promise<NamedRun[]> {
  const isBaseline = (reference: string): boolean => reference === 'baseline';
  const found = new Map<string, Run>();
  for (const reference of references) {
    if (!isBaseline(reference)) found.set(reference, await resolveReference(reference, context));
  }
  const pipeline = context.pipeline ?? [...found.values()][0]?.pipeline;
  for (const reference of references.filter(isBaseline)) {
    if (pipeline === undefined) throw baselineOfWhat();
    found.set(reference, await baselineRun(context, pipeline));
  }
  return references.map((reference) => ({ reference, run: found.get(reference)! }));
}

/** @throws UserError for a reference that names no run, or several */
export async function resolveReference(reference: string, context: ReferenceContext): Promise<Run> {
  const [, ofPipeline = context.pipeline, special] = /^(?:([\w-]+)@)?(latest(?:~\d+)?|baseline)$/.exec(reference) ?? [];
  if (special === 'baseline' && ofPipeline !== undefined) return baselineRun(context, ofPipeline);
  const runs = context.runs.filter(({ pipeline }) => ofPipeline === undefined || pipeline === ofPipeline);
  if (runs.length === 0) throw noRuns(context, ofPipeline);
  if (reference === '') throw unknown(reference, runs); // which every id begins with
  if (special !== undefined) return fromLatest(runs, Number(special.split('~')[1] ?? 0), reference);

  const byId = runs.filter(({ id }) => id === reference);
  const byName = runs.filter(({ name }) => name === reference);
  const byPart = runs.filter(({ id }) => id.startsWith(reference) || id.endsWith(`-${reference}`));
  for (const matches of [byId, byName, byPart]) {
    if (matches.length > 1) throw ambiguous(reference, matches);
    if (matches.length === 1) return matches[0]!;
  }
  const commit = await commitOf(context.workspace.root, reference);
  if (commit !== undefined) return ofCommit(runs, reference, commit);
  throw unknown(reference, runs);
}

async function baselineRun({ workspace }: ReferenceContext, pipeline: string): Promise<Run> {
  const { readBaselineRun } = await import('../baseline.ts'); // with all that reads pipeline files, for a word that few use
  return readBaselineRun(workspace, pipeline);
}

function fromLatest(runs: readonly Run[], back: number, reference: string): Run {
  const run = runs.at(-1 - back);
  if (run !== undefined) return run;
  throw new UserError({
    what: `there is no run ${reference}`,
    expected: `at most latest~${runs.length - 1}`,
    found: `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`,
    fix: 'npx nx run pipeline:runs lists them',
  });
}

const describe = ({ id, name, pipeline, step }: Run): string =>
  `${id}${name === undefined ? '' : ` (${name})`} of ${step === undefined ? '' : `${step}:`}${pipeline}`;

function ambiguous(reference: string, matches: readonly Run[]): UserError {
  const more = matches.length > LISTED ? `, and ${matches.length - LISTED} earlier ones` : '';
  return new UserError({
    what: `"${reference}" names ${matches.length} runs`,
    expected: 'an id, a name or the beginning of an id that belongs to one run',
    found: `${matches.slice(-LISTED).toReversed().map(describe).join('; ')}${more}`,
    fix: 'write more of the id; npx nx run pipeline:name --run=<id> --name=<name> gives a run a name of its own',
  });
}

function unknown(reference: string, runs: readonly Run[]): UserError {
  const recent = runs.slice(-200).toReversed();
  const known = recent.flatMap(({ id, name }) => [...(name === undefined ? [] : [name]), id, id.split('-').at(-1)!]);
  const near = nearest(reference, known);
  return new UserError({
    what: `there is no run "${reference}"`,
    expected: 'an id or the beginning of one, a name, latest, latest~1, <pipeline>@latest, baseline, or a git revision',
    found:
      near.length > 0
        ? `near it: ${near.join(', ')}`
        : `the latest runs are ${recent.slice(0, LISTED).map(describe).join('; ')}`,
    fix: 'npx nx run pipeline:runs lists all of them',
  });
}

function noRuns({ workspace, runs }: ReferenceContext, pipeline: string | undefined): UserError {
  const pipelines = [...new Set(runs.map((run) => run.pipeline))];
  return new UserError({
    what: pipeline === undefined ? 'the runs ledger is empty' : `there is no run of pipeline ${pipeline}`,
    where: ledgerFolder(workspace),
    expected: pipelines.length > 0 ? `a pipeline that was run: ${pipelines.join(', ')}` : 'at least one run',
    fix: `npx nx run pipeline:${pipeline ?? 'smoke'} makes one`,
  });
}

function baselineOfWhat(): UserError {
  return new UserError({
    what: 'baseline of which pipeline?',
    expected: '<pipeline>@baseline, --pipeline=<pipeline>, or a run beside it',
    fix: 'for example --a=smoke@baseline',
  });
}

async function commitOf(root: string, revision: string): Promise<string | undefined> {
  if (revision.startsWith('-')) return undefined; // git would read an option
  const args = ['-C', root, 'rev-parse', '--verify', '--quiet', `${revision}^{commit}`];
  const found = await promisify(execFile)('git', args).catch(() => undefined);
  return found?.stdout.trim();
}

/** The latest run from a commit, from clean sources where there is one. */
function ofCommit(runs: readonly Run[], reference: string, commit: string): Run {
  const from = runs.filter((run) => run.commit === commit);
  const run = from.findLast(({ dirty }) => !dirty) ?? from.at(-1);
  if (run !== undefined) return run;
  throw new UserError({
    what: `no run is from commit ${reference}`,
    expected: 'a commit that was checked out when something was run',
    found: commit,
    fix: 'check it out and run the pipeline, or choose another; npx nx run pipeline:runs shows commits',
  });
}
