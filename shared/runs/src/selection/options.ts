/** @file The options by which a command is told which runs it is about: the same names, and the same meaning, for all commands. */
import { UserError } from '@arrowsmith/errors';
import type { Run } from '@arrowsmith/pipeline';
import { text } from '@arrowsmith/pipeline/cli';

/** Without `--a` and `--b`: the last run, and the one before it. */
const PAIR = { a: 'latest~1', b: 'latest' } as const;

/** How a run is named (references.ts). */
const NAMED = 'an id, a name, latest, latest~1, <pipeline>@latest, baseline, a git revision';

/** @param preset what holds without it, as people say it */
export const runOption = (preset?: string) => ({ run: text(`One run: ${NAMED}.`, 'run', preset) }) as const;

export const runsOption = { runs: text('Several runs, with commas between them.', 'run,run,…') } as const;

export const pairOptions = {
  a: text(`The run that the other is compared with: ${NAMED}.`, 'run', PAIR.a),
  b: text('The other run.', 'run', PAIR.b),
} as const;

/** @param preset what holds without it, as people say it */
export const pipelineOption = (preset?: string) =>
  ({ pipeline: text('Only runs of this pipeline; its last one is then latest.', 'pipeline', preset) }) as const;

export interface AskedPair {
  a?: string | undefined;
  b?: string | undefined;
  pipeline?: string | undefined;
}

export interface AskedRuns extends AskedPair {
  run?: string | undefined;
  runs?: string | undefined;
}

/**
 * The two runs that `--a` and `--b` name. What is left out is of one pipeline, that of the last run unless another is asked for: the run before
 * the last may be of something else.
 * @param ledger oldest first
 */
export function pairOf({ a, b, pipeline }: AskedPair, ledger: readonly Run[]): [string, string] {
  const of = pipeline ?? ledger.at(-1)?.pipeline;
  const preset = (reference: string): string => (of === undefined ? reference : `${of}@${reference}`);
  return [a ?? preset(PAIR.a), b ?? preset(PAIR.b)];
}

/**
 * The runs that `--run`, `--runs`, or `--a` and `--b` name; undefined where none of them is there.
 * @param ledger oldest first
 * @throws UserError for more than one of these ways, and for none or several runs where one is meant
 */
export function namedRuns(asked: AskedRuns, ledger: readonly Run[]): string[] | undefined {
  const { run, runs, a, b } = asked;
  const isPair = a !== undefined || b !== undefined;
  const ways = [
    ...(run === undefined ? [] : ['--run']),
    ...(runs === undefined ? [] : ['--runs']),
    ...(isPair ? ['--a and --b'] : []),
  ];
  const several = runs === undefined ? [] : splitRuns(runs);
  if (ways.length > 1) {
    const all = [a, b, run, ...several].filter((reference) => reference !== undefined);
    throw new UserError({
      what: 'runs are named in one way, not in several',
      expected: ways.join(', or '),
      found: Object.entries({ a, b, run, runs })
        .flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]))
        .join(' '),
      fix: `all of them: --runs=${all.join(',')}`,
    });
  }
  if (isPair) return pairOf(asked, ledger);
  if (runs !== undefined) return several;
  return run === undefined ? undefined : [oneRun(run)!];
}

/** The run that `--run` names. @throws UserError where a list is given */
export function oneRun(run: string | undefined): string | undefined {
  if (run?.includes(',') !== true) return run;
  throw new UserError({
    what: '--run names one run',
    expected: '--run=<run>, or --runs=<run>,<run>',
    found: `--run=${run}`,
    fix: `--runs=${run}`,
  });
}

/** @throws UserError where there is none */
function splitRuns(runs: string): string[] {
  const references = runs.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]));
  if (references.length > 0) return references;
  throw new UserError({
    what: '--runs names no run',
    expected: '--runs=<run>,<run>',
    found: `--runs=${runs}`,
    fix: 'for example --runs=latest~1,latest',
  });
}
