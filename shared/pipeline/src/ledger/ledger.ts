/**
 * @file The runs ledger, `artifacts/runs`: Arrow files of one schema, so that DuckDB and polars read all of it as one table.
 *
 *     <id>.arrow, <id>.<revision>.arrow   one run each, with the digest of its values (checksum.ts); appending creates such a file and touches no other
 *     packed-<digest>.arrow               many runs; files of one run are packed when there are many, which keeps listing fast
 *     <id>.json                           a run of before the ledger was Arrow; packed with the rest
 *
 * Files appear whole and are never changed, so that writers need no lock and a kill leaves all or nothing of a run. Packing writes the packed
 * file first and then removes what went into it: in between, and after a kill, a run is there twice, and readers take the highest revision.
 * A file that cannot be read is reported and otherwise left alone.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  decodeArrow,
  isLocked,
  runsTable,
  type TableKind,
  withLock,
  writeFileAtomic,
  writeTable,
} from '@arrowsmith/artifacts';
import { createFileAtomic } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import { ledgerFolder, type Workspace } from '../workspace.ts';
import { checksum, soundness } from './checksum.ts';
import { readJsonEntry } from './json-entries.ts';
import { runColumns, runsOfBatch } from './rows.ts';
import { newRunId, type Run } from './run.ts';

/** So many files of one run are packed into one: each is opened and checked by itself, which takes a millisecond of every command on runs. */
const PACK_RUNS = 10;

/** So many packed files become one. */
const PACK_PACKED = 20;

/**
 * Only runs this old are packed. The file of a run is what keeps another run of the same second from taking its id; when it is packed away,
 * no such run may come any more.
 */
const PACK_AFTER_MS = 60_000;

/** Runs per record batch: what is cut off from the end of a file costs no more than that. A batch takes a millisecond to open. */
const BATCH_RUNS = 250;

/** So often the folder is listed anew, where files that are listed are gone when they are read. */
const ATTEMPTS = 20;

/** What a killed writer left is removed when it is this old. */
const TEMPORARY_KEPT_MS = 3_600_000;

/** A file of the ledger that is not what it should be. */
export interface DamagedFile {
  path: string;
  reason: string;
  /** Runs that could be read from it all the same. */
  readable: number;
}

export interface Ledger {
  /** Oldest first, each once. */
  runs: Run[];
  damaged: DamagedFile[];
}

const lockPath = (workspace: Workspace): string => join(ledgerFolder(workspace), 'pack.lock');

/** Appends a run and returns it with its id. */
export async function appendRun(
  workspace: Workspace,
  run: Omit<Run, 'id' | 'revision' | 'finishedAt'>,
  now: Date = new Date(),
): Promise<Run> {
  for (;;) {
    const appended: Run = { ...run, id: newRunId(now), revision: 0, finishedAt: now.toISOString() };
    if (await createEntry(workspace, appended)) return appended;
  }
}

/** @returns whether there was no such entry yet */
async function createEntry(workspace: Workspace, run: Run): Promise<boolean> {
  const name = run.revision === 0 ? run.id : `${run.id}.${run.revision}`;
  return createFileAtomic(join(ledgerFolder(workspace), `${name}.arrow`), (path) => writeRun(path, run));
}

async function writeRun(path: string, run: Run): Promise<void> {
  const columns = runColumns([run]);
  await writeTable(path, runsTable, { sha256: checksum(runsTable, columns) }, [columns]);
}

async function writeRuns(path: string, runs: readonly Run[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(runs.length / BATCH_RUNS) }, (_, i) =>
    runColumns(runs.slice(i * BATCH_RUNS, (i + 1) * BATCH_RUNS)),
  );
  await writeTable(path, runsTable, {}, batches);
}

/** Gives a run another name or other notes; an empty text takes them away. The run's other properties never change. */
export async function renameRun(
  workspace: Workspace,
  run: Run,
  { name = run.name, notes = run.notes }: { name?: string | undefined; notes?: string | undefined },
): Promise<Run> {
  return withLock(lockPath(workspace), async () => {
    const { name: _name, notes: _notes, ...rest } = run;
    const texts = { ...(name ? { name } : {}), ...(notes ? { notes } : {}) };
    for (let revision = run.revision + 1; ; revision++) {
      const renamed: Run = { ...rest, ...texts, revision };
      if (await createEntry(workspace, renamed)) return renamed;
    }
  });
}

/** A file of the ledger and the runs in it. */
interface LedgerFile {
  name: string;
  runs: Run[];
  damage?: string;
}

/** All runs. Other processes may append, pack and forget meanwhile. */
export async function readLedger(workspace: Workspace): Promise<Ledger> {
  const folder = ledgerFolder(workspace);
  const files = await readFiles(folder);
  const damaged = files.flatMap(({ name, runs, damage }) =>
    damage === undefined ? [] : [{ path: join(folder, name), reason: damage, readable: runs.length }],
  );
  return { runs: newestRevisions(files), damaged };
}

/** Each run once, oldest first. */
function newestRevisions(files: readonly LedgerFile[]): Run[] {
  const byId = new Map<string, Run>();
  for (const { runs } of files) {
    for (const run of runs) {
      const known = byId.get(run.id);
      if (known === undefined || known.revision < run.revision) byId.set(run.id, run);
    }
  }
  return [...byId.values()].sort((a, b) =>
    a.finishedAt === b.finishedAt ? compareText(a.id, b.id) : compareText(a.finishedAt, b.finishedAt),
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isPacked = (name: string): boolean => name.startsWith('packed-');

async function readFiles(folder: string): Promise<LedgerFile[]> {
  for (let attempt = 1; ; attempt++) {
    const names = (await entries(folder)).filter((name) => /\.(arrow|json)$/.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const file = await readLedgerFile(folder, name);
        return file ?? (attempt < ATTEMPTS ? undefined : { name, runs: [], damage: 'a link that leads nowhere' });
      }),
    );
    // A file that was packed between listing and reading is now elsewhere.
    if (!files.includes(undefined)) return files as LedgerFile[];
  }
}

/** @returns undefined when the file is gone */
async function readLedgerFile(folder: string, name: string): Promise<LedgerFile | undefined> {
  const path = join(folder, name);
  try {
    if (name.endsWith('.json')) return { name, runs: [await readJsonEntry(path)] };
    return { name, ...(await decodeRuns(name, readFileSync(path))) }; // some dozens of small files, in a third of the time of promises
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    return { name, runs: [], damage: code === 'EISDIR' ? 'a folder' : message };
  }
}

/** The table as it was before it had its last columns, the newest first. */
const RUNS_TABLES: readonly TableKind[] = [0, 1, 3, 4].map((lacking) => ({
  ...runsTable,
  fields: runsTable.fields.slice(0, runsTable.fields.length - lacking),
}));

/**
 * A packed file is known to be sound by its digest, a file of one run by that of its values. What other files hold, those of before there were
 * digests, is decoded to see that it can be.
 */
async function decodeRuns(name: string, bytes: Uint8Array): Promise<Omit<LedgerFile, 'name'>> {
  // Of a file that is cut off, the schema is not known: it may be of before metrics said what they are, or steps had names.
  let decoded = await decodeArrow(bytes, RUNS_TABLES[0]!);
  for (const table of RUNS_TABLES.slice(1)) if (decoded.batches.length === 0) decoded = await decodeArrow(bytes, table);
  const { batches, damage } = decoded;
  const runs = batches.flatMap(runsOfBatch);
  if (isPacked(name)) {
    if (name === packedName(bytes)) return { runs };
    return { runs: runs.filter(isReadable), damage: damage ?? 'its bytes are not those that its name says' };
  }
  if (damage !== undefined) return { runs: runs.filter(isReadable), damage };
  const found = batches.map(soundness);
  const changed = found.find((each) => typeof each === 'object');
  if (changed !== undefined) return { runs: [], damage: changed.changed };
  const readable = found.includes('unknown') ? runs.filter(isReadable) : runs;
  if (runs.length !== readable.length) return { runs: readable, damage: 'text that is not JSON' };
  // A whole file in the place of another would make that one's run vanish without a word.
  if (runs.length === 0) return { runs, damage: 'a table without a run' };
  const strange = runs.find(({ id }) => !name.startsWith(id));
  return strange === undefined ? { runs } : { runs, damage: `the run ${strange.id}, which is not of that name` };
}

function isReadable(run: Run): boolean {
  try {
    return JSON.stringify(run.steps) !== '{}'; // which decodes all of it
  } catch {
    return false;
  }
}

/** A folder that is not there yet is empty; one that may not be read is not. */
async function entries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code !== 'ENOENT') throw error;
    return [];
  });
  return names.sort();
}

const packedName = (bytes: Uint8Array): string =>
  `packed-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}.arrow`;

/** Adds runs that have ids already, as one packed file: those of another ledger. */
export async function addRuns(workspace: Workspace, runs: readonly Run[]): Promise<void> {
  await writePacked(ledgerFolder(workspace), runs);
}

/** Writes a packed file under the digest of its bytes. */
async function writePacked(folder: string, runs: readonly Run[]): Promise<string> {
  const unnamed = join(folder, `packing-${randomUUID()}`);
  await writeFileAtomic(unnamed, (path) => writeRuns(path, runs));
  const name = packedName(await readFile(unnamed));
  await rename(unnamed, join(folder, name));
  return name;
}

/** Packs files of one run, when there are many, but for the newest, with packed files of few runs. Does nothing while another process packs. */
export async function packLedger(
  workspace: Workspace,
  {
    fromRuns = PACK_RUNS,
    fromPacked = PACK_PACKED,
    now = new Date(),
  }: { fromRuns?: number; fromPacked?: number; now?: Date } = {},
): Promise<void> {
  const folder = ledgerFolder(workspace);
  const single = (await entries(folder)).filter((name) => /\.(arrow|json)$/.test(name) && !isPacked(name));
  if (single.length < fromRuns || (await isLocked(lockPath(workspace)))) return;
  await withLock(lockPath(workspace), async () => {
    const sound = (await readFiles(folder)).filter((file) => file.damage === undefined && isSettled(file, now));
    const packed = sound.filter(({ name }) => isPacked(name));
    const isSmall = ({ name, runs }: LedgerFile): boolean => !isPacked(name) || runs.length < BATCH_RUNS;
    const chosen = packed.length >= fromPacked ? sound : sound.filter(isSmall);
    if (chosen.every(({ name }) => isPacked(name))) return; // another process packed them before this one had the lock
    const written = await writePacked(folder, newestRevisions(chosen));
    for (const { name } of chosen) if (name !== written) await rm(join(folder, name), { force: true });
    await removeRemains(folder);
  });
}

const isSettled = ({ name, runs }: LedgerFile, now: Date): boolean =>
  isPacked(name) || runs.every(({ finishedAt }) => now.getTime() - Date.parse(finishedAt) >= PACK_AFTER_MS);

/** Removes what killed writers left. */
async function removeRemains(folder: string): Promise<void> {
  for (const name of await entries(folder)) {
    if (!name.endsWith('.tmp') && !name.startsWith('packing-')) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > TEMPORARY_KEPT_MS) await rm(path, { force: true });
  }
}

/** Removes runs from the ledger; their artifacts stay until garbage is collected. */
export async function forgetRuns(workspace: Workspace, ids: ReadonlySet<string>): Promise<void> {
  const folder = ledgerFolder(workspace);
  await withLock(lockPath(workspace), async () => {
    for (const { name, runs, damage } of await readFiles(folder)) {
      const kept = runs.filter(({ id }) => !ids.has(id));
      if (kept.length === runs.length) continue;
      if (damage !== undefined) throw cannotForget(join(folder, name), damage);
      const written = kept.length > 0 ? await writePacked(folder, kept) : undefined;
      if (name !== written) await rm(join(folder, name), { force: true });
    }
  });
}

function cannotForget(path: string, damage: string): UserError {
  return new UserError({
    what: 'a run cannot be forgotten, because the file that holds it is damaged',
    where: path,
    found: damage,
    fix: 'restore the file, or move it away if the runs in it may be lost',
  });
}

/** @throws UserError naming the files, where some cannot be read whole: for work that must know every run */
export function requireWhole({ runs, damaged }: Ledger): Run[] {
  if (damaged.length === 0) return runs;
  throw new UserError({
    what: 'the runs ledger is damaged',
    where: damaged.map(({ path }) => path).join(', '),
    expected: 'Arrow files of kind "runs"',
    found: damaged.map(({ reason }) => reason).join('; '),
    fix: 'restore the files, or move them away if the runs in them may be forgotten',
  });
}
