/** @file Follows the event streams of runs that go on, from another process. */
import { open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventsFolder, type TimedEvent } from './events.ts';
import { runsGoingOn } from './run-state.ts';
import type { Workspace } from './workspace.ts';

const POLL_MS = 200;

/** An event and where it happened. */
export interface FollowedEvent {
  run: string;
  pipeline: string;
  step: string;
  event: TimedEvent;
}

interface FollowOptions {
  /** Only of this pipeline. */
  pipeline?: string | undefined;
  signal: AbortSignal;
  onEvent: (event: FollowedEvent) => void;
  /** Told once where nothing runs yet. */
  onWait: () => void;
}

/** Tells every event of the runs that go on, from their beginning, until the last of them is over; waits for one where none goes on. */
export async function followRuns(
  workspace: Workspace,
  { pipeline, signal, onEvent, onWait }: FollowOptions,
): Promise<void> {
  const files = new Map<string, StreamFile>();
  let isWaiting = false;
  for (let seen = false; ;) {
    const going = new Set((await runsGoingOn(workspace)).map(({ id }) => id));
    const paths = (await streamsOf(workspace, going)).filter(
      (path) => pipeline === undefined || partsOf(path).pipeline === pipeline,
    );
    for (const path of paths) if (!files.has(path)) files.set(path, { offset: 0, rest: Buffer.alloc(0) });
    for (const [path, file] of files) {
      for (const event of await newEvents(path, file)) onEvent({ ...partsOf(path), event });
    }
    seen ||= files.size > 0;
    const ended = [...files.keys()].every((path) => !going.has(partsOf(path).run));
    if ((seen && ended) || signal.aborted) return;
    if (!seen && !isWaiting) {
      isWaiting = true;
      onWait();
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}

interface StreamFile {
  offset: number;
  /** The beginning of a line that is not whole yet. */
  rest: Buffer;
}

function partsOf(path: string): Omit<FollowedEvent, 'event'> {
  const folder = dirname(path);
  return { run: basename(dirname(folder)), pipeline: basename(folder), step: basename(path, '.jsonl') };
}

async function streamsOf(workspace: Workspace, runs: ReadonlySet<string>): Promise<string[]> {
  const paths: string[] = [];
  for (const run of runs) {
    const folder = join(eventsFolder(workspace), run);
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    paths.push(...names.filter((name) => name.endsWith('.jsonl')).map((name) => join(folder, name)));
  }
  return paths.sort();
}

/** The events that were written since it was asked last; a line that is no event is passed over. */
async function newEvents(path: string, file: StreamFile): Promise<TimedEvent[]> {
  const handle = await open(path).catch(() => undefined);
  if (handle === undefined) return [];
  try {
    const { size } = await handle.stat();
    if (size < file.offset) Object.assign(file, { offset: 0, rest: Buffer.alloc(0) }); // the step began anew
    const added = Buffer.alloc(size - file.offset);
    await handle.read(added, 0, added.length, file.offset);
    file.offset = size;
    const lines = Buffer.concat([file.rest, added]).toString('utf8').split('\n');
    file.rest = Buffer.from(lines.pop()!);
    return lines.flatMap((line) => parsed(line) ?? []);
  } finally {
    await handle.close();
  }
}

function parsed(line: string): TimedEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as TimedEvent) : undefined;
  } catch {
    return undefined;
  }
}
