/** @file Runs a pipeline as a person would, `nx run pipeline:<pipeline>`, with a seed of training. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { printError, UserError } from '@arrowsmith/errors';
import {
  artifactsOf,
  type FindArtifact,
  loadPipeline,
  type Override,
  parsePipelineSet,
  type Pipeline,
  readFingerprints,
  type StageDeclaration,
  type Workspace,
} from '@arrowsmith/pipeline';
import { seedOverrides } from './experiment.ts';

/**
 * What was computed before comes from the caches, and the run is in the ledger, as with any other run.
 *
 * @param name of the run in the ledger; default RUN_NAME
 * @param quiet prints what the pipeline says only if it fails
 * @param signal stops the run
 * @throws UserError when the pipeline fails
 */
export async function runPipeline(
  { root }: Pick<Workspace, 'root'>,
  pipeline: Pipeline,
  { seed, name, quiet, signal }: { seed: number; name?: string | undefined; quiet: boolean; signal: AbortSignal },
): Promise<void> {
  const nx = createRequire(join(root, 'package.json')).resolve('nx/bin/nx.js');
  const seeds = seedOverrides(pipeline, seed);
  const isSeed = ({ path }: Override): boolean => seeds.some((other) => other.path.join('.') === path.join('.'));
  const asked = parsePipelineSet(process.env['PIPELINE_SET'] ?? '').filter((override) => !isSeed(override));
  const set = [...asked, ...seeds].map(({ written }) => written.replace(/^PIPELINE_SET /, '')).join(',');
  const child = spawn(process.execPath, [nx, 'run', `pipeline:${pipeline.name}`], {
    cwd: root,
    env: { ...process.env, ...(name ? { RUN_NAME: name } : {}), PIPELINE_SET: set, NX_TUI: 'false' }, // a terminal interface inside of Nx's would garble both
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
  });
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (code === 0) return;
  printError(stripVTControlCharacters(output)); // Nx may have coloured it
  throw new UserError({
    what: `pipeline ${pipeline.name} did not run to its end`,
    where: `PIPELINE_SET=${set} npx nx run pipeline:${pipeline.name}`,
    found: code === null ? 'it was stopped by a signal' : `exit code ${code}`,
    fix: 'mend what it says above',
  });
}

/** Finds what a pipeline made that was run with a seed: by its parameters, whatever has run since. */
export async function artifactsWithSeed(
  workspace: Workspace,
  pipeline: Pipeline,
  declarations: ReadonlyMap<string, StageDeclaration>,
  { seed, overrides, signal }: { seed: number; overrides: readonly Override[]; signal: AbortSignal },
): Promise<FindArtifact> {
  const seeded = [...overrides, ...seedOverrides(pipeline, seed)];
  const { name, steps } = loadPipeline(workspace.root, pipeline.name, declarations, seeded);
  const code = await readFingerprints(workspace, [...new Set(Object.values(steps).map(({ stage }) => stage))]);
  return artifactsOf({ workspace, pipeline: name, steps, declarations, code, signal });
}
