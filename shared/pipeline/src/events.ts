/**
 * @file The event stream of a step that runs: what it says and measures on the way, in a file that grows, for other processes to follow.
 *
 *     <store>/events/<run>/<pipeline>/<step>.jsonl     one JSON object a line, each with its `time`; of a step that was started by hand, <run> is
 *                                                      `by-hand-<process>`
 *
 * It is for those who watch: results do not depend on it, and what cannot be written is said once and stops nothing. Streams of runs that ended
 * more than a day ago are removed when another run begins.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Workspace } from './workspace.ts';

/** Something that happened in a step. */
export type StepEvent =
  | { type: 'begin'; stage: string }
  /** Work goes on; `end` with its last one. */
  | { type: 'progress'; label: string; done: number; total?: number; unit: string; suffix?: string; end?: true }
  /** Lines for people: notices, samples, curves. */
  | { type: 'note'; text: string }
  /** A row of a table that will be in the artifact, e.g. of the log of a training. */
  | { type: 'row'; table: string; values: Readonly<Record<string, number | string | null>> }
  | { type: 'end'; outcome: 'computed' | 'recalled'; seconds: number }
  | { type: 'failed'; message: string };

/** An event as it stands in the file. */
export type TimedEvent = StepEvent & { time: string };

export interface EventStream {
  emit(event: StepEvent): void;
  close(): void;
}

/** Streams are kept so long after their last event. */
const KEPT_MS = 24 * 3_600_000;

/** A bar is redrawn more often; who watches sees no more than this. */
const PROGRESS_EVERY_MS = 250;

export const eventsFolder = ({ store }: Pick<Workspace, 'store'>): string => join(store, 'events');

/**
 * Begins the stream of a step.
 * @param run identity of the `nx run`, if any
 * @param say told once where events cannot be written
 */
export function openEvents(
  workspace: Pick<Workspace, 'store'>,
  { run, pipeline, step }: { run: string | undefined; pipeline: string; step: string },
  say: (line: string) => void,
): EventStream {
  const path = join(eventsFolder(workspace), run ?? `by-hand-${process.pid}`, pipeline, `${step}.jsonl`);
  let file: number | undefined;
  let shown = -Infinity;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      file = undefined;
      say(`${step}: what happens cannot be followed by others: ${(error as Error).message}`);
    }
  };
  attempt(() => {
    mkdirSync(dirname(path), { recursive: true });
    file = openSync(path, 'w');
  });
  return {
    emit(event) {
      if (file === undefined) return;
      const now = performance.now();
      if (event.type === 'progress' && event.end === undefined) {
        if (now - shown < PROGRESS_EVERY_MS) return;
        shown = now;
      }
      attempt(() => void writeSync(file!, `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`));
    },
    close() {
      if (file !== undefined) attempt(() => closeSync(file!));
      file = undefined;
    },
  };
}

/** Removes streams that nobody follows any more. */
export async function removeOldEvents(workspace: Pick<Workspace, 'store'>): Promise<void> {
  const folder = eventsFolder(workspace);
  for (const run of await readdir(folder).catch(() => [])) {
    const newest = await lastChange(join(folder, run));
    if (Date.now() - newest > KEPT_MS) await rm(join(folder, run), { recursive: true, force: true });
  }
}

async function lastChange(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const times = await Promise.all(
    ['.', ...names].map((name) =>
      stat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}
