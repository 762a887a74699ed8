/** @file Checkpoints: the whole state of a training run in one file, of which the last two are kept. */
import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { readTensors, writeFileAtomic, writeTensors } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import type { Weights } from '@arrowsmith/model';
import type { LogRow } from './log.ts';

/** All that a run needs to go on after `log.length` steps exactly as if it had never stopped. */
export interface TrainingState {
  parameters: Weights;
  firstMoments: Weights;
  secondMoments: Weights;
  /** One row for every step done. */
  log: LogRow[];
}

/** Everything that a run's result depends on, as plain JSON: a checkpoint is resumed only by the run that it belongs to. */
export type RunIdentity = Readonly<Record<string, unknown>>;

/** A checkpoint on disk. */
export interface SavedCheckpoint {
  path: string;
  step: number;
}

const CHECKPOINT = /^step-(\d{8})\.arrow$/;
const CHECKPOINT_OR_REMAINS = /^step-\d{8}\.arrow(\..*\.tmp)?$/;
const STATE_TENSORS = ['parameters', 'firstMoments', 'secondMoments'] as const;

/**
 * Writes `<directory>/step-<step>.arrow` atomically, then removes all other checkpoints but the previous one.
 *
 * @param previous the checkpoint that this run saved or resumed from last; kept in case the new one is damaged
 */
export async function saveCheckpoint(
  directory: string,
  state: TrainingState,
  run: RunIdentity,
  previous?: SavedCheckpoint,
): Promise<SavedCheckpoint> {
  const step = state.log.length;
  const path = join(directory, `step-${String(step).padStart(8, '0')}.arrow`);
  const metadata = { run: JSON.stringify(run), log: JSON.stringify(state.log) };
  const tensors = Object.fromEntries(
    STATE_TENSORS.flatMap((part) => Object.entries(state[part]).map(([name, tensor]) => [`${part}/${name}`, tensor])),
  );
  const sha256 = await digest(tensors, metadata);
  await writeFileAtomic(path, (temporaryPath) => writeTensors(temporaryPath, tensors, { ...metadata, sha256 }));
  const keep = [path, previous?.path].map((kept) => kept && basename(kept));
  for (const name of await readdir(directory)) {
    if (CHECKPOINT_OR_REMAINS.test(name) && !keep.includes(name)) await rm(join(directory, name), { force: true });
  }
  return { path, step };
}

/**
 * Reads the newest undamaged checkpoint of a directory.
 *
 * @param onNotice told about each damaged checkpoint that is passed over
 * @param mayDiffer settings of which the checkpoint's may be others
 * @returns undefined where there is none
 * @throws UserError when the checkpoint belongs to another run, naming the first setting that differs
 */
export async function loadCheckpoint(
  directory: string,
  run: RunIdentity,
  onNotice?: (notice: string) => void,
  mayDiffer: readonly string[] = [],
): Promise<{ state: TrainingState; saved: SavedCheckpoint } | undefined> {
  for (const saved of await listNewestFirst(directory)) {
    let content;
    try {
      content = await readChecked(saved.path);
      checkStep(content.state, saved);
    } catch (error) {
      onNotice?.(`passing over a damaged checkpoint: ${(error as Error).message}`);
      continue;
    }
    checkSameRun(content.run, run, saved.path, mayDiffer);
    return { state: content.state, saved };
  }
  return undefined;
}

/** @throws UserError where the file holds the state of another step: it was copied or renamed */
function checkStep({ log }: TrainingState, { path, step }: SavedCheckpoint): void {
  if (log.length === step) return;
  throw new UserError({
    what: 'a checkpoint is of another step than its name says',
    where: path,
    expected: `step ${step}`,
    found: `step ${log.length}`,
    fix: 'delete it',
  });
}

async function listNewestFirst(directory: string): Promise<SavedCheckpoint[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const step = CHECKPOINT.exec(name)?.[1];
      return step === undefined ? [] : [{ path: join(directory, name), step: Number(step) }];
    })
    .sort((a, b) => b.step - a.step);
}

async function readChecked(path: string): Promise<{ state: TrainingState; run: RunIdentity }> {
  const { tensors, metadata } = await readTensors(path);
  const { run = '', log = '', sha256 } = metadata;
  const found = await digest(tensors, { run, log });
  if (found !== sha256) {
    throw new UserError({
      what: 'the content of a checkpoint has changed since it was written',
      where: path,
      expected: `sha256 ${sha256}`,
      found: `sha256 ${found}`,
      fix: 'delete it',
    });
  }
  const state: TrainingState = {
    parameters: {},
    firstMoments: {},
    secondMoments: {},
    log: (JSON.parse(log) as LogRow[]).map(withInfinities),
  };
  for (const [key, tensor] of Object.entries(tensors)) {
    const part = STATE_TENSORS.find((prefix) => key.startsWith(`${prefix}/`));
    if (part === undefined) throw new Error(`${path} has a tensor ${key}, which no checkpoint has`);
    state[part][key.slice(part.length + 1)] = tensor;
  }
  return { state, run: JSON.parse(run) as RunIdentity };
}

/** JSON has null in place of infinities, of which norms of skipped steps are. */
const withInfinities = (row: LogRow): LogRow => (row.isSkipped === true ? { ...row, gradientNorm: Infinity } : row);

/** sha256 over names, shapes, values and metadata; lets the event loop run between tensors. */
async function digest(
  tensors: Record<string, { shape: readonly number[]; data: Float32Array }>,
  metadata: { run: string; log: string },
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([metadata.run, metadata.log]));
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    hash.update(JSON.stringify([name, shape])).update(data);
    await setImmediate();
  }
  return hash.digest('hex');
}

function checkSameRun(found: RunIdentity, expected: RunIdentity, path: string, mayDiffer: readonly string[]): void {
  const wanted = leaves(expected);
  const had = leaves(found);
  const different = [...wanted.keys(), ...had.keys()].find(
    (key) => wanted.get(key) !== had.get(key) && !mayDiffer.includes(key),
  );
  if (different === undefined) return;
  throw new UserError({
    what: 'the checkpoint belongs to another training run',
    where: path,
    expected: `${different} = ${wanted.get(different) ?? 'not set'}`,
    found: `${different} = ${had.get(different) ?? 'not set'}`,
    fix: 'repeat the settings that the checkpoint was made with, or delete its directory to start from step 0',
  });
}

/** The leaves of a JSON value by their path, e.g. `parameters.optimizer.beta1` → `0.9`. */
function leaves(value: unknown, path = ''): Map<string, string> {
  if (value === undefined) return new Map();
  if (value === null || typeof value !== 'object') return new Map([[path, JSON.stringify(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, child]) => [...leaves(child, path === '' ? key : `${path}.${key}`)]),
  );
}
