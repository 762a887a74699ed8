/** @file Where things lie in a workspace. */
import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserError } from '@arrowsmith/errors';
import type { Stage, StageDeclaration } from './stage.ts';

export interface Workspace {
  root: string;
  /** Immutable blobs, the memo, locks and work in progress; `ARROWSMITH_STORE` puts it on another disk. */
  store: string;
}

export function openWorkspace(root: string, env: NodeJS.ProcessEnv = process.env): Workspace {
  return { root, store: resolve(root, env['ARROWSMITH_STORE'] || join('artifacts', 'store')) };
}

/** The nearest folder above `from` that holds an nx.json. */
export function findRoot(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'nx.json'))) return folder;
    if (folder === dirname(folder)) {
      throw new UserError({
        what: 'this is not an Arrowsmith workspace',
        where: from,
        expected: 'a folder with nx.json in it or above it',
        fix: 'run the command in your clone of the repository',
      });
    }
  }
}

/** Where a step's artifact is named: a small folder with manifest.json, run.json and links to the files in the store. */
export function pointerPath({ root }: Workspace, pipeline: string, step: string): string {
  return join(root, 'artifacts', pipeline, step);
}

/** Where completed runs are kept. */
export const ledgerFolder = ({ root }: Pick<Workspace, 'root'>): string => join(root, 'artifacts', 'runs');

/** Held while garbage is collected; no stage publishes meanwhile. */
export const collectorLock = ({ store }: Pick<Workspace, 'store'>): string => join(store, 'gc.lock');

/** Locks of stages that run. */
export const lockFolder = ({ store }: Pick<Workspace, 'store'>): string => join(store, 'locks');

/** Where code is built. */
export function codeFolder({ root }: Pick<Workspace, 'root'>): string {
  return join(root, '.work', 'code');
}

/** The identity of a stage's code. */
export function fingerprintPath({ root }: Pick<Workspace, 'root'>, stage: string): string {
  return join(codeFolder({ root }), `${stage}.json`);
}

/** The file that runs a stage. */
export function codePath({ root }: Pick<Workspace, 'root'>, stage: string): string {
  return join(codeFolder({ root }), `${stage}.mjs`);
}

export function declarationPath(root: string, stage: string): string {
  return join(root, 'stages', stage, 'src', 'declaration.ts');
}

/** The stages of a workspace: every folder in `stages/` with a declaration. */
export async function stageNames(root: string): Promise<string[]> {
  const folders = await readdir(join(root, 'stages')).catch(() => []);
  return folders.filter((name) => existsSync(declarationPath(root, name))).sort();
}

export async function loadDeclaration(root: string, stage: string): Promise<StageDeclaration> {
  const path = declarationPath(root, stage);
  if (!existsSync(path)) {
    throw new UserError({
      what: `there is no stage "${stage}"`,
      expected: `one of ${(await stageNames(root)).join(', ')}`,
      where: join(root, 'stages'),
      fix: 'check the spelling, or add the stage (README, "Add a stage")',
    });
  }
  return ((await import(pathToFileURL(path).href)) as { default: StageDeclaration }).default;
}

export async function loadDeclarations(root: string): Promise<Map<string, StageDeclaration>> {
  const declarations = new Map<string, StageDeclaration>();
  for (const name of await stageNames(root)) declarations.set(name, await loadDeclaration(root, name));
  return declarations;
}

export async function loadStage(root: string, stage: string): Promise<Stage> {
  const path = join(root, 'stages', stage, 'src', 'stage.ts');
  return ((await import(pathToFileURL(path).href)) as { default: Stage }).default;
}
