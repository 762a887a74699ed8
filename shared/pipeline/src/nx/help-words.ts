/** @file In whose words help is told: those of `npx nx`, or of `npx arrowsmith`, which stands for it. */
import type { RunTarget } from '../plan.ts';

export interface HelpStyle {
  words: 'nx' | 'arrowsmith';
  /** Of the terminal; undefined where none shows it. */
  columns?: number | undefined;
}

/** What runs a step or a pipeline. */
export function runCommand({ project, pipeline }: RunTarget, { words }: HelpStyle): string {
  if (words === 'nx') return `npx nx run ${project}:${pipeline}`;
  return `npx arrowsmith run ${project === 'pipeline' ? pipeline : `${project}:${pipeline}`}`;
}

/** What shows the help of a step. */
export function helpCommand({ project, pipeline }: RunTarget, { words }: HelpStyle): string {
  return words === 'nx' ? `npx nx run ${project}:${pipeline} --help` : `npx arrowsmith help ${project}:${pipeline}`;
}

/** The line that says which command of Nx is meant, where another one is told. */
export function standsFor(target: RunTarget, { words }: HelpStyle): string[] {
  return words === 'nx' ? [] : [`Stands for:  ${runCommand(target, { words: 'nx' })}`];
}
