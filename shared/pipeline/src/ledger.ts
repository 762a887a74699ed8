/** @file The runs ledger: one small file per completed pipeline, so that concurrent writers and kills cannot damage it. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { RunRecord } from './pointer.ts';
import type { Workspace } from './workspace.ts';

/** One completed pipeline. */
export interface LedgerEntry {
  format: 1;
  /** Sorts by time: `20260131-094512-k3f`. */
  id: string;
  pipeline: string;
  finishedAt: string;
  substitution?: string;
  stages: Record<string, RunRecord & { cached: boolean }>;
}

const ledgerFolder = ({ root }: Workspace): string => join(root, 'artifacts', 'runs');

/** Appends a run and returns it with its id. */
export async function appendRun(
  workspace: Workspace,
  run: Omit<LedgerEntry, 'format' | 'id' | 'finishedAt'>,
): Promise<LedgerEntry> {
  const finishedAt = new Date().toISOString();
  const time = finishedAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const id = `${time}-${randomBytes(3).toString('hex').slice(0, 4)}`;
  const entry: LedgerEntry = { format: 1, id, finishedAt, ...run };
  await writeFileAtomic(join(ledgerFolder(workspace), `${id}.json`), `${JSON.stringify(entry, null, 2)}\n`);
  return entry;
}

/**
 * All runs, oldest first.
 * @throws UserError naming the file when an entry is damaged
 */
export async function readRuns(workspace: Workspace): Promise<LedgerEntry[]> {
  const folder = ledgerFolder(workspace);
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.json')).sort();
  return Promise.all(files.map((file) => readEntry(join(folder, file))));
}

async function readEntry(path: string): Promise<LedgerEntry> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as LedgerEntry;
  } catch (cause) {
    throw new UserError(
      {
        what: 'an entry of the runs ledger is damaged',
        where: path,
        expected: 'JSON',
        found: (cause as Error).message,
        fix: 'restore the file, or delete it if that run may be forgotten',
      },
      { cause },
    );
  }
}
