/** @file The regression gate: runs a pipeline once more, compares it with its baseline, and writes down what it found. */
import { appendFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { writeFileAtomic } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { Pipeline, StageDeclaration, Workspace } from '@arrowsmith/pipeline';
import { put } from '@arrowsmith/pipeline/cli';
import { readBaseline } from './baseline.ts';
import { formatClue } from './clues.ts';
import { formatReport } from './console.ts';
import { checkExperiment, checkText, ownSeed } from './experiment.ts';
import { toJUnit } from './junit.ts';
import { toMarkdown } from './markdown.ts';
import type { Measured } from './measure.ts';
import { describe, headline, makeReport, type Report, toJson } from './report.ts';

/** Ways of showing a report to others than people at a console. */
const FORMATS = { markdown: toMarkdown, junit: toJUnit, json: toJson } as const;

export type ReportFormat = keyof typeof FORMATS;

export interface GateRequest {
  workspace: Pick<Workspace, 'root'>;
  declarations: ReadonlyMap<string, StageDeclaration>;
  pipeline: Pipeline;
  /** Of training; by default the pipeline file's own. */
  seed?: number | undefined;
  /** Compares also with a baseline that was measured on another backend. */
  anyBackend?: boolean;
  /** How the result is shown; for people by default. */
  format?: ReportFormat | undefined;
  /** A file that it is shown in, from the root of the workspace; by default the console. */
  output?: string | undefined;
  /** A file that the Markdown is added to: GitHub's step summary. */
  stepSummary?: string | undefined;
  /** Runs the pipeline. */
  run: (seed: number) => Promise<Measured>;
  print: (text: string) => void;
}

/**
 * Checks that the baseline is of this experiment before anything runs.
 * @throws UserError when there is no baseline to compare with, when the pipeline fails, and when a metric is outside its limits
 */
export async function gate(request: GateRequest): Promise<Report> {
  const { workspace, declarations, pipeline, seed = ownSeed(pipeline), anyBackend = false, run } = request;
  const baseline = await readBaseline(workspace, pipeline.name);
  checkExperiment(pipeline, declarations, baseline, { anyBackend });
  const started = performance.now();
  const measured = await run(seed);
  checkText(baseline, measured);
  const report = makeReport(baseline, measured, (performance.now() - started) / 1000);
  await writeReports(report, request);
  if (!report.passed) throw regression(report);
  return report;
}

async function writeReports(
  report: Report,
  { workspace: { root }, pipeline: { name }, format, output, stepSummary, print }: GateRequest,
): Promise<void> {
  const folder = join(root, '.work', 'regression');
  const files = [
    ['Markdown', join(folder, `${name}.md`), toMarkdown(report)],
    ['JUnit XML', join(folder, `${name}.xml`), toJUnit(report)],
  ] as const;
  for (const [, path, content] of files) await writeFileAtomic(path, content);
  if (stepSummary) await appendFile(stepSummary, `${toMarkdown(report)}\n`);
  const shown = format === undefined ? formatReport(report) : FORMATS[format](report);
  await put(shown, { root, file: output, to: print }); // last, as it may be that no such file can be written
  print(files.map(([what, path]) => `${what}: ${relative(root, path)}`).join(', '));
}

function regression(report: Report): UserError {
  const failures = report.verdicts.filter(({ outcome }) => outcome !== 'ok');
  return new UserError({
    what: [`regression: ${headline(report)}`, ...failures.map((verdict) => `  - ${describe(verdict)}`)].join('\n'),
    where: [`pipeline ${report.pipeline}`, ...report.clues.map(formatClue)].join('\n             '),
    fix: `mend it; or, if this is meant to be so, renew the baseline and commit it: npx nx run pipeline:baseline --pipeline=${report.pipeline}`,
  });
}
