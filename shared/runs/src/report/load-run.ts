/** @file A run of the ledger as a report shows it: with the tables of its artifacts, as far as the store still has them. */
import { existsSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { documentsTable, type FileEntry, readPlainTable } from '@arrowsmith/artifacts';
import { blobPath, type Manifest, recall, storedManifest, verifiedBlob } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { ReportRun, ReportStep, ReportTable } from '@arrowsmith/reporting';
import { rerun } from '../artifact-reader.ts';
import type { Run, RunRecord, StepRun, Workspace } from '@arrowsmith/pipeline';

/** Larger tables are data for programs. */
const LARGEST_TABLE = 32 * 1024 ** 2;

/**
 * Gathers what a report needs. What cannot be read is said in the report and stops nothing.
 * @param folder where the report will lie: files are linked from there
 */
export async function loadReportRun(workspace: Workspace, run: Run, folder: string): Promise<ReportRun> {
  const { id, name, notes, pipeline, finishedAt, commit, dirty, substitution } = run;
  const steps = Object.entries(run.steps).map(([step, record]) =>
    loadStep(workspace, { pipeline, name: step, record, folder, again: rerun(run, step) }),
  );
  return {
    id,
    name,
    notes,
    pipeline,
    finishedAt,
    commit: commit === undefined ? undefined : `${commit.slice(0, 12)}${dirty ? ', with changes' : ''}`,
    substitution,
    steps: await Promise.all(steps),
  };
}

async function loadStep(
  workspace: Workspace,
  {
    pipeline,
    name,
    record,
    folder,
    again,
  }: { pipeline: string; name: string; record: StepRun; folder: string; again: string },
): Promise<ReportStep> {
  const missing: string[] = [];
  const tables: ReportTable[] = [];
  let manifest: Manifest | undefined;
  let corrupt: unknown;
  try {
    manifest = await storedManifest(workspace.store, record.manifest, `the manifest of ${name}`, again);
  } catch (error) {
    corrupt = error;
    missing.push(`The artifact of ${name} cannot be shown: ${explain(error)}.`);
  }
  if (manifest === undefined && corrupt === undefined) {
    missing.push(
      `The artifact of ${name} is no longer in the store (deleted, or removed by garbage collection), so its tables cannot be shown. With the code and the parameters of this run, ${again} makes it again.`,
    );
  }
  const measured =
    ((await recall(workspace.store, record.key, { stage: record.stage }))?.run as RunRecord | undefined)?.measured ??
    {};
  const files = Object.entries({ ...manifest?.files, ...measured });
  for (const [file, entry] of files) {
    if (!file.endsWith('.arrow')) continue;
    try {
      const table = await loadTable(workspace, `artifacts/${pipeline}/${name}/${file}`, entry, again);
      if (table !== undefined) tables.push({ file, ...table });
    } catch (error) {
      missing.push(`${file} cannot be shown: ${explain(error)}.`);
    }
  }
  const {
    manifest: digest,
    makes,
    inputs,
    cached,
    startedAt,
    seconds,
    code,
    parameters,
    environment,
    metrics,
  } = record;
  const headlines = Object.entries(record.meanings ?? {}).flatMap(([metric, { headline, unit }]) =>
    headline === true && Object.hasOwn(metrics, metric) ? [{ metric, unit }] : [],
  );
  const { platform, arch, cpu, node } = record.host;
  return {
    name,
    makes,
    digest,
    inputs,
    cached,
    startedAt,
    seconds,
    code,
    host: `${cpu}, ${platform} ${arch}, Node ${node}`,
    parameters,
    environment,
    metrics,
    headlines,
    highlights: record.highlights,
    href: hrefOf(workspace, record.manifest, folder),
    files: files.map(([file, entry]) => ({ name: file, ...entry, href: hrefOf(workspace, entry.sha256, folder) })),
    tables,
    missing,
  };
}

/**
 * The address of a blob, relative to a folder. The store and not the pipeline's folder, whose files are other ones after the next run.
 * @returns undefined where the store does not have it
 */
function hrefOf({ store }: Workspace, sha256: string, folder: string): string | undefined {
  const path = blobPath(store, sha256);
  return existsSync(path) ? relative(folder, path).split(sep).map(encodeURIComponent).join('/') : undefined;
}

/** @returns undefined where the table holds texts, tokens or weights */
async function loadTable(
  { store }: Workspace,
  name: string,
  entry: FileEntry,
  fix: string,
): Promise<Omit<ReportTable, 'file'> | undefined> {
  if (entry.bytes > LARGEST_TABLE) return undefined;
  let isVerified = false;
  const verify = async (): Promise<void> => {
    isVerified = true;
    await verifiedBlob(store, entry, name, fix);
  };
  // What is not shown need not be verified, and is told by the head of its file.
  const isShown = async ({ kind }: { kind: string }): Promise<boolean> => {
    if (kind === documentsTable.kind) return false;
    await verify();
    return true;
  };
  const table = await readPlainTable(blobPath(store, entry.sha256), isShown).catch(async (error: unknown) => {
    if (!isVerified) await verify(); // says what is wrong, where the file is not what it was
    throw error;
  });
  return table === undefined ? undefined : { kind: table.metadata.kind, ...table };
}

function explain(error: unknown): string {
  if (!(error instanceof UserError)) return (error as Error).message;
  const { what, found, fix } = error.parts;
  return [what, found, fix === undefined ? undefined : `to do: ${fix}`].filter(Boolean).join('; ');
}
