/** @file The command that makes artifacts again as they were made: with the parameters that were changed for them. */
import { shellLine } from '@arrowsmith/errors';
import { type Steps, withInputs } from './graph.ts';
import type { Changes } from './overrides.ts';

/** What was run, and how. */
export interface Rerun {
  pipeline: string;
  changes?: Changes | undefined;
}

/**
 * @param step to make again, with what it needs; the whole pipeline by default
 * @param needed names of that step and of those that it needs, and of their stages: changes of others are left out, as they would be refused
 */
export function rerunCommand(
  { pipeline, changes = {} }: Rerun,
  step = 'pipeline',
  needed?: ReadonlySet<string>,
): string {
  const own = Object.entries(changes).filter(([path]) => needed?.has(path.split('.')[0]!) ?? true);
  return shellLine([
    'npx',
    'nx',
    'run',
    `${step}:${pipeline}`,
    ...changeFlags(Object.fromEntries(own)),
    '--skip-nx-cache',
  ]);
}

/** Flags that change parameters so: `--train.steps=60`. */
export const changeFlags = (changes: Changes): string[] =>
  Object.entries(changes).map(([path, value]) => `--${path}=${writtenValue(value)}`);

/** A value as it is read back. Text stands as it is, where it would not be read as JSON. */
export function writtenValue(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  try {
    JSON.parse(value);
    return JSON.stringify(value);
  } catch {
    return value;
  }
}

/** The names of a step, or of all of a stage, and of what they need, and of their stages. */
export function neededNames(step: string, steps: Steps): ReadonlySet<string> {
  const named = Object.keys(steps).filter((name) => name === step || steps[name]!.stage === step);
  return new Set(withInputs(named, steps).flatMap((name) => [name, steps[name]!.stage]));
}
