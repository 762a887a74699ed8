/**
 * @file `nx run pipeline:nope` and `nx run nope:tinystories`: Nx fails, but says only that it finds no configuration. This says what there is.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printError, UserError } from '@arrowsmith/errors';

/** What there is to run. */
export interface Known {
  pipelines: readonly string[];
  stages: readonly string[];
  /** By pipeline, where its file could be read. */
  steps: Readonly<Record<string, readonly { name: string; stage: string }[]>>;
}

/** Prints an error where a command line asks Nx for a step or pipeline that does not exist; Nx itself fails a moment later. */
export function sayWhatIsUnknown(root: string, args: readonly string[], known: Known): void {
  const error = findUnknown(root, args, known);
  if (error !== undefined) printError(`\nerror: ${error.message}`);
}

/** @param args of the nx command line, e.g. `['run', 'pipeline:nope']` */
export function findUnknown(
  root: string,
  args: readonly string[],
  { pipelines, stages, steps }: Known,
): UserError | undefined {
  const match = /^([\w-]+):([\w-]+)$/.exec(args[0] === 'run' ? (args[1] ?? '') : '');
  if (match === null) return undefined;
  const [where, project = '', target = ''] = match;
  const own = Object.hasOwn(steps, target) ? steps[target] : undefined;
  if (project !== 'pipeline' && own !== undefined) {
    if (own.some(({ name, stage }) => name === project || stage === project)) return undefined;
    return new UserError({
      what: `pipeline ${target} has no step "${project}"`,
      where: `nx run ${where}`,
      expected: `one of ${own.map(({ name }) => name).join(', ')}, or pipeline`,
      found: project,
      fix: `check the spelling; the whole pipeline is npx nx run pipeline:${target}`,
    });
  }
  if (project !== 'pipeline' && !stages.includes(project)) return undefined; // nothing of ours
  if (pipelines.includes(target) || (project === 'pipeline' && ownTargets(root).includes(target))) return undefined;
  return new UserError({
    what: `there is no pipeline "${target}"`,
    where: `nx run ${where}`,
    expected: `one of ${pipelines.join(', ')}`,
    found: target,
    fix: `check the spelling, or add pipelines/${target}.yaml (README, "Add a pipeline")`,
  });
}

interface OwnTarget {
  dependsOn?: (string | object)[];
  options?: { command?: string };
}

/** Targets of the project `pipeline` that are no pipelines: build, gc, runs … */
export function ownTargets(root: string): string[] {
  return Object.keys(readOwnTargets(root));
}

/** Whether such a target runs pipelines before it. */
export function needsPipelines(root: string, target: string): boolean {
  return (readOwnTargets(root)[target]?.dependsOn ?? []).some((dependency) => typeof dependency === 'object');
}

/** Whether such a target runs what is built from the sources, and not the sources. */
export function runsBuiltCode(root: string, target: string): boolean {
  return readOwnTargets(root)[target]?.options?.command?.includes('.work/code') ?? false;
}

/** What such a target starts, as a shell reads it. */
export function commandOf(root: string, target: string): string {
  return readOwnTargets(root)[target]?.options?.command ?? '';
}

function readOwnTargets(root: string): Record<string, OwnTarget> {
  const path = join(root, 'pipelines', 'project.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { targets: Record<string, OwnTarget> }).targets;
}
