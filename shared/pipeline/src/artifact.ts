/**
 * @file Finding the artifacts of a run. Each is found by its key, which the run's own parameters, code and inputs give, and never by what a
 * pointer says at that moment: another run may have replaced the pointer.
 */
import { createHash } from 'node:crypto';
import { type Manifest, recall, serializeManifest } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { Steps } from './graph.ts';
import { identify, inputDigests, type Inputs } from './identify.ts';
import { readPointer, type RunRecord } from './pointer.ts';
import { readOutcome } from './run-state.ts';
import type { Changes } from './overrides.ts';
import { neededNames, rerunCommand } from './rerun-command.ts';
import type { StageDeclaration } from './stage.ts';
import type { Workspace } from './workspace.ts';

/** A result in the store. */
export interface Artifact {
  manifest: Manifest;
  /** Digest of the serialized manifest: what downstream is keyed by. */
  manifestSha256: string;
  run: RunRecord;
}

/** What one run computes of one pipeline. */
export interface Chain {
  workspace: Workspace;
  pipeline: string;
  /** As the run asks for them. */
  steps: Steps;
  declarations: ReadonlyMap<string, StageDeclaration>;
  /** Identity of each stage's code. */
  code: Readonly<Record<string, string>>;
  /** Parameters that were changed for it, by path. */
  changes?: Changes | undefined;
  /** What is run, e.g. `train:tinystories`: run again without Nx's cache, it makes all that is missing. The whole pipeline by default. */
  target?: string | undefined;
  /** Identity of the `nx run` that this belongs to, if any. */
  run?: string | undefined;
  signal: AbortSignal;
}

/** An artifact, and whether this run computed it. */
export interface Found extends Artifact {
  computed: boolean;
}

export type FindArtifact = (step: string) => Promise<Found>;

/**
 * Finds artifacts of a chain, each once.
 *
 * What a step of this run found outside the workspace (whether the hub could be reached) it has written down; where it did not run,
 * since nothing had changed, its parameters say all.
 *
 * @returns a function that throws a UserError where a result is not in the store
 */
export function artifactsOf(chain: Chain): FindArtifact {
  const found = new Map<string, Promise<Found>>();
  const find: FindArtifact = (step) => {
    let finding = found.get(step);
    if (finding === undefined) found.set(step, (finding = findArtifact(chain, step, find)));
    return finding;
  };
  return find;
}

async function findArtifact(chain: Chain, name: string, find: FindArtifact): Promise<Found> {
  const { workspace, pipeline, run, target = `pipeline:${pipeline}`, steps, declarations, code, signal } = chain;
  const project = target.split(':')[0]!;
  const step = Object.hasOwn(chain.steps, name) ? chain.steps[name] : undefined;
  const declaration = step && declarations.get(step.stage);
  const own = step && code[step.stage];
  if (step === undefined || declaration === undefined || own === undefined) {
    throw new UserError({
      what: `pipeline ${pipeline} has no step ${name}`,
      expected: `one of ${Object.keys(chain.steps).join(', ')}`,
      fix: `add \`${name}:\` under steps in pipelines/${pipeline}.yaml`,
    });
  }
  const inputs = await findInputs(step.inputs, find);
  const outcome = run === undefined ? undefined : await readOutcome(workspace, run, pipeline, name);
  const computation = { workspace, declaration, code: own, parameters: step.parameters, inputs, signal };
  const key = outcome?.key ?? (await identify(computation)).key;
  const known = await recall(workspace.store, key);
  if (known === undefined) {
    throw new UserError({
      what: `the artifact of ${name}:${pipeline} is not in the store`,
      where: workspace.store,
      expected: `the result with key ${key}`,
      found: 'none with that key, or one of which files are missing (removed, or damaged)',
      fix: rerunCommand(chain, project, project === 'pipeline' ? undefined : neededNames(project, steps)),
    });
  }
  const { manifest, manifestSha256 } = known;
  const remembered = known.run as unknown as RunRecord;
  const record: RunRecord = {
    ...remembered,
    pipeline,
    step: name,
    key,
    manifest: manifestSha256,
    inputs: ownNames(remembered.inputs, inputDigests(inputs)),
  };
  return { manifest, manifestSha256, run: record, computed: outcome?.computed ?? false };
}

/** The inputs by the names that their steps have here: whoever computed the result first may have called them otherwise. */
function ownNames(remembered: Record<string, string>, own: Record<string, string>): Record<string, string> {
  const digests = (of: Record<string, string>): string => Object.values(of).sort().join();
  return digests(remembered) === digests(own) ? own : remembered;
}

/** The artifacts at the ports of a step. */
export async function findInputs(
  inputs: Readonly<Record<string, readonly string[]>>,
  find: (step: string) => Promise<Artifact>,
): Promise<Inputs> {
  const found: Record<string, { step: string; artifact: Artifact }[]> = {};
  for (const [port, steps] of Object.entries(inputs)) {
    found[port] = [];
    for (const step of steps) found[port].push({ step, artifact: await find(step) });
  }
  return found;
}

/** The artifact that a pointer names now, whichever run made it: for people and their tools, not for stages that Nx runs. */
export async function pointedArtifact(workspace: Workspace, pipeline: string, step: string): Promise<Artifact> {
  const { manifest, run } = await readPointer(workspace, pipeline, step);
  const manifestSha256 = createHash('sha256').update(serializeManifest(manifest)).digest('hex');
  return { manifest, manifestSha256, run };
}
