/** @file Writes the HTML report of runs that were found in the ledger. */
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { Workspace } from '@arrowsmith/pipeline';
import { MOST_RUNS, renderReport } from '@arrowsmith/reporting';
import { compareRuns, type NamedRun } from '../comparison/compare-runs.ts';
import { loadReportRun } from './load-run.ts';

/**
 * Writes the report of one run, or a comparison of several, as one file that needs nothing else.
 *
 * @param output by default `artifacts/reports/<id>.html`, of several `<id>-and-<id>.html`
 * @returns where it is
 * @throws UserError for no run, more than `MOST_RUNS`, or one run twice
 */
export async function writeReport(workspace: Workspace, named: readonly NamedRun[], output?: string): Promise<string> {
  checkRuns(named);
  const ids = named.map(({ run }) => run.id);
  const path = output ?? join(workspace.root, 'artifacts', 'reports', `${ids.join('-and-')}.html`);
  const runs = await Promise.all(named.map(({ run }) => loadReportRun(workspace, run, dirname(path))));
  // References such as `latest` mean another run tomorrow; a report calls runs by what stays.
  const lasting = named.map(({ run }) => ({ run, reference: run.name ?? run.id }));
  const comparison = runs.length > 1 ? await compareRuns(workspace, lasting) : undefined;
  await writeFileAtomic(path, await renderReport(runs, { comparison }));
  return path;
}

function checkRuns(named: readonly NamedRun[]): void {
  const ids = named.map(({ run }) => run.id);
  const twice = ids.find((id, at) => ids.indexOf(id) < at);
  if (ids.length > 0 && ids.length <= MOST_RUNS && twice === undefined) return;
  throw new UserError({
    what: 'these runs cannot stand in one report',
    expected: `one to ${MOST_RUNS} different runs`,
    found: twice === undefined ? `${ids.length} runs` : `run ${twice} twice`,
    fix: 'name the runs to show: npx nx run pipeline:report --runs=<run>,<run>',
  });
}
