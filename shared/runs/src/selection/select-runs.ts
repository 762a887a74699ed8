/** @file Runs that satisfy conditions, in an order. */
import { nearest, UserError } from '@arrowsmith/errors';
import type { Run } from '@arrowsmith/pipeline';
import { parseCondition, syntaxError } from './expression.ts';
import { fieldOf, fieldPaths, type FieldValue } from './fields.ts';
import { parseSince } from './since.ts';

export interface Selection {
  /** An expression, see expression.ts. */
  where?: string | undefined;
  pipeline?: string | undefined;
  /** A date, or a duration back from now: `2026-01-31`, `2d`. */
  since?: string | undefined;
  /** A field; with `-` before it from the largest to the smallest. Default: by time, the newest first. */
  sort?: string | undefined;
  /** So many at most. */
  limit?: number | undefined;
}

/**
 * @param runs oldest first
 * @throws UserError for what is not understood, and for fields that no run has
 */
export function selectRuns(runs: readonly Run[], selection: Selection, now: Date = new Date()): Run[] {
  const { where, pipeline, since, sort, limit = Infinity } = selection;
  const condition = where === undefined ? undefined : parseCondition(where);
  for (const { path, at } of condition?.fields ?? []) {
    if (isUnknown(runs, path)) throw syntaxError(where!, at, `a field that a run has${suggestion(runs, path)}`, path);
  }
  const from = since === undefined ? undefined : parseSince(since, now).toISOString();
  const chosen = runs.filter(
    (run) =>
      (pipeline === undefined || run.pipeline === pipeline) &&
      (from === undefined || run.finishedAt >= from) &&
      (condition === undefined || condition.holds((path) => fieldOf(run, path))),
  );
  return inOrder(chosen, sort, runs).slice(0, limit);
}

/** Runs without the field come last, whatever the direction. */
function inOrder(chosen: readonly Run[], sort: string | undefined, runs: readonly Run[]): Run[] {
  if (sort === undefined) return chosen.toReversed();
  const descending = sort.startsWith('-');
  const path = descending ? sort.slice(1) : sort;
  if (isUnknown(runs, path)) {
    throw new UserError({
      what: `no run has the field "${path}"`,
      where: `--sort=${sort}`,
      expected: `a field of a run${suggestion(runs, path)}`,
      fix: 'check the spelling; for example --sort=metrics.bitsPerByte, or --sort=-seconds for the largest first',
    });
  }
  const keyed = chosen.map((run) => ({ run, value: fieldOf(run, path) }));
  const present = keyed.filter((each): each is { run: Run; value: FieldValue } => each.value !== undefined);
  present.sort(({ value: a }, { value: b }) => (a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1));
  return [...present, ...keyed.filter(({ value }) => value === undefined)].map(({ run }) => run);
}

/** Fields to show as columns: `name,train.steps,metrics.bitsPerByte`. @throws UserError for none, and for one that no run has */
export function parseColumns(written: string, runs: readonly Run[]): string[] {
  const fields = written.split(',').map((field) => field.trim());
  const wrong = fields.find((field) => field === '' || isUnknown(runs, field));
  if (wrong === undefined) return [...new Set(fields)];
  throw new UserError({
    what: wrong === '' ? 'a column without a name' : `no run has the field "${wrong}"`,
    where: `--columns=${written}`,
    expected: `fields of runs, separated by commas${wrong === '' ? '' : suggestion(runs, wrong)}`,
    fix: 'for example --columns=name,train.steps,metrics.bitsPerByte',
  });
}

const isUnknown = (runs: readonly Run[], path: string): boolean =>
  runs.length > 0 && !runs.some((run) => fieldOf(run, path) !== undefined) && !OPTIONAL.has(path);

/** What every run may have, though none here does. */
const OPTIONAL: ReadonlySet<string> = new Set(['name', 'notes', 'step', 'commit', 'backend', 'substitution']);

function suggestion(runs: readonly Run[], path: string): string {
  const near = nearest(path, runs.slice(-50).flatMap(fieldPaths));
  return near.length === 0 ? '' : `, such as ${near.join(', ')}`;
}
