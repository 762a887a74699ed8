/** @file What a completed run is: all that one needs to tell it from others, and to find what it made. */
import { randomInt } from 'node:crypto';
import * as z from 'zod';
import { UserError } from '@arrowsmith/errors';
import type { Changes } from '../overrides.ts';
import type { RunRecord } from '../pointer.ts';

/** A step as a run used it. */
export interface StepRun extends Omit<RunRecord, 'pipeline'> {
  /** Whether its artifact was there already. */
  cached: boolean;
  /** Size of the artifact's files. */
  bytes: number;
  /** The manifest's metadata. */
  metadata: Record<string, string | number | boolean>;
}

/** Where a run took place. */
export interface Machine {
  host: string;
  /** Operating system and architecture, e.g. `linux x64`. */
  platform: string;
  cpu: string;
  cores: number;
  memoryBytes: number;
  /** Version of Node.js. */
  node: string;
}

/** A completed pipeline, or a step that was run by itself with what it needed. */
export interface Run {
  /** Sorts by time: `20260131-094512-tavo`. */
  id: string;
  /** Counts changes of name and notes. */
  revision: number;
  name?: string;
  notes?: string;
  pipeline: string;
  /** The step that was run; absent for a whole pipeline. */
  step?: string;
  /** ISO 8601, UTC. */
  finishedAt: string;
  /** From start to end; what is cached takes none. */
  seconds: number;
  /** Absent outside of git, and in runs of before this was kept. */
  commit?: string;
  /** Whether files differed from the commit. */
  dirty: boolean;
  /** The backend that models were computed on, where a stage says it. */
  backend?: string;
  /** What stands in for what was asked for. */
  substitution?: string;
  /** Parameters that flags and PIPELINE_SET changed, by path: `train.steps`. Absent in runs of before this was kept. */
  changes?: Changes;
  machine: Machine;
  /** In the order in which they run. */
  steps: Record<string, StepRun>;
}

/**
 * An object by names from outside, those of steps and metrics: what was not put in is not in it, not even what other objects inherit, such as
 * `constructor`; and `__proto__` is a name like others.
 */
export function byName<T>(entries: Iterable<readonly [name: string, value: T]> = []): Record<string, T> {
  const object = Object.create(null) as Record<string, T>;
  for (const [name, value] of entries) object[name] = value;
  return object;
}

const CONSONANTS = 'bdfgklmnprstvz';
const VOWELS = 'aeiou';

/** An id for a run that ends now: the time, and two syllables to tell runs of one second apart and to say it by. */
export function newRunId(finishedAt: Date): string {
  const time = finishedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const pick = (letters: string): string => letters[randomInt(letters.length)]!;
  return `${time}-${pick(CONSONANTS)}${pick(VOWELS)}${pick(CONSONANTS)}${pick(VOWELS)}`;
}

/** What a person may call a run by: not what already means something else where a run is named. */
export const runNameSchema = z
  .string()
  .min(1, 'a name has at least one character')
  .max(100, 'a name has at most 100 characters')
  .regex(/^[^\s@~,:/]+$/, 'a name has no spaces and none of @ ~ , : /')
  .regex(/^(?!(?:latest|baseline)$)/, '"latest" and "baseline" mean something else')
  .regex(/^(?!\d{8}-)/, 'a name does not begin like the id of a run');

/** @throws UserError for a name that would not be found again */
export function parseRunName(name: string, where: string): string {
  const parsed = runNameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new UserError({
    what: `"${name}" cannot name a run`,
    where,
    expected: parsed.error.issues.map(({ message }) => message).join('; '),
    fix: 'choose another name, for example wide-ffn-2',
  });
}
