/**
 * @file Finding the artifacts of a run. Each is found by its key, which the run's own parameters, code and inputs give, and never by what a
 * pointer says at that moment: another run may have replaced the pointer.
 */
import { createHash } from 'node:crypto';
import { type Manifest, recall, serializeManifest } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import { identify } from './identify.ts';
import { readPointer, type RunRecord } from './pointer.ts';
import { readOutcome } from './run-state.ts';
import type { JsonObject, StageDeclaration } from './stage.ts';
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
  /** Parameters of each stage, as the run asks for them. */
  stages: Readonly<Record<string, JsonObject>>;
  declarations: ReadonlyMap<string, StageDeclaration>;
  /** Identity of each stage's code. */
  code: Readonly<Record<string, string>>;
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

export type FindArtifact = (stage: string) => Promise<Found>;

/**
 * Finds artifacts of a chain, each once.
 *
 * What a stage of this run found outside the workspace (whether the hub could be reached) it has written down; where it did not run,
 * since nothing had changed, its parameters say all.
 *
 * @returns a function that throws a UserError where a result is not in the store
 */
export function artifactsOf(chain: Chain): FindArtifact {
  const found = new Map<string, Promise<Found>>();
  const find: FindArtifact = (stage) => {
    let finding = found.get(stage);
    if (finding === undefined) found.set(stage, (finding = findArtifact(chain, stage, find)));
    return finding;
  };
  return find;
}

async function findArtifact(chain: Chain, stage: string, find: FindArtifact): Promise<Found> {
  const { workspace, pipeline, run, target = `pipeline:${pipeline}` } = chain;
  const outcome = run === undefined ? undefined : await readOutcome(workspace, run, pipeline, stage);
  const key = outcome?.key ?? (await keyOf(chain, stage, find));
  const known = await recall(workspace.store, key);
  if (known === undefined) {
    throw new UserError({
      what: `the artifact of ${stage}:${pipeline} is not in the store`,
      where: workspace.store,
      expected: `the result with key ${key}`,
      found: 'none with that key, or one of which files are missing (removed, or damaged)',
      fix: `npx nx run ${target} --skip-nx-cache`,
    });
  }
  const { manifest, manifestSha256 } = known;
  const record = { ...(known.run as unknown as RunRecord), pipeline, key, manifest: manifestSha256 };
  return { manifest, manifestSha256, run: record, computed: outcome?.computed ?? false };
}

async function keyOf(chain: Chain, stage: string, find: FindArtifact): Promise<string> {
  const { workspace, pipeline, stages, declarations, code, signal } = chain;
  const declaration = declarations.get(stage);
  const parameters = Object.hasOwn(stages, stage) ? stages[stage] : undefined;
  if (declaration === undefined || parameters === undefined || code[stage] === undefined) {
    throw new UserError({
      what: `pipeline ${pipeline} has no stage ${stage}`,
      expected: `one of ${Object.keys(stages).join(', ')}`,
      fix: `add \`${stage}:\` under stages in pipelines/${pipeline}.yaml`,
    });
  }
  const inputs: Record<string, Artifact> = {};
  for (const input of declaration.inputs) inputs[input] = await find(input);
  const { key } = await identify({ workspace, declaration, code: code[stage], parameters, inputs, signal });
  return key;
}

/** The artifact that a pointer names now, whichever run made it: for people and their tools, not for stages that Nx runs. */
export async function pointedArtifact(workspace: Workspace, pipeline: string, stage: string): Promise<Artifact> {
  const { manifest, run } = await readPointer(workspace, pipeline, stage);
  const manifestSha256 = createHash('sha256').update(serializeManifest(manifest)).digest('hex');
  return { manifest, manifestSha256, run };
}
