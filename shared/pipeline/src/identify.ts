/**
 * @file The identity of a computation: the memo key, a digest of all that a stage's result depends on. Whoever wants a result, to make it or
 * to read it, computes its key from parameters, code and inputs; two runs that differ in any of them cannot meet.
 */
import { digestOf, type Json, recall } from '@arrowsmith/artifacts/store';
import type { Artifact } from './artifact.ts';
import type { JsonObject, StageDeclaration } from './stage.ts';
import type { Workspace } from './workspace.ts';

/** Results may change with the major version of Node: Unicode tables, hence \p{L} in a tokenizer's pattern. */
export const NODE_MAJOR = process.versions.node.split('.')[0]!;

/** The artifacts that a step reads, by port, each with the step that made it. */
export type Inputs = Readonly<Record<string, readonly { step: string; artifact: Artifact }[]>>;

/** What a stage is asked to compute. */
export interface Computation {
  workspace: Workspace;
  declaration: StageDeclaration;
  /** Identity of the stage's code. */
  code: string;
  /** As the pipeline asks for them, checked. */
  parameters: JsonObject;
  inputs: Inputs;
  signal: AbortSignal;
}

export interface Identity {
  key: string;
  /** After a look at what the asked ones refer to outside the workspace. */
  parameters: JsonObject;
  environment: Record<string, string>;
  /** Says what stands in for what was asked for, here or in an input. */
  substitution?: string;
  /** Whether it does so here, and not in an input, which has said so. */
  isFresh: boolean;
  /** Why, for the console. */
  reason?: string;
}

/** Looks at what the parameters refer to outside (`resolve`), and gives the key of what they, the code and the inputs make. */
export async function identify(computation: Computation): Promise<Identity> {
  const { workspace, declaration, code, parameters: asked, inputs, signal } = computation;
  const environment = declaration.environment?.(asked, (port) => inputs[port]?.[0]?.artifact.manifest.metadata) ?? {};
  const keyOf = (parameters: JsonObject, standingIn?: string): string =>
    digestOf({
      stage: declaration.name,
      code,
      parameters: keyParameters(declaration, parameters) as Json,
      substitution: standingIn, // an artifact that stands in for another says so; the same one asked for by itself does not
      environment,
      inputs: inputKeys(declaration, inputs),
      node: NODE_MAJOR,
    });
  const {
    parameters,
    substitution: fresh,
    reason,
  } = (await declaration.resolve?.(asked, {
    root: workspace.root,
    isKnown: async (candidate) => (await recall(workspace.store, keyOf(candidate))) !== undefined,
    reads: (port) => (inputs[port] ?? []).length > 0,
    signal,
  })) ?? { parameters: asked };
  const inherited = Object.values(inputs)
    .flat()
    .find(({ artifact }) => artifact.manifest.substitution !== undefined);
  const substitution = fresh ?? inherited?.artifact.manifest.substitution;
  return {
    key: keyOf(parameters, fresh),
    parameters,
    environment,
    isFresh: fresh !== undefined,
    ...(substitution === undefined ? {} : { substitution }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The parameters that a result depends on. */
export function keyParameters({ notInKey = [] }: StageDeclaration, parameters: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !notInKey.includes(name)));
}

/** What the key names of the inputs. What came from which step counts only where there may be several: what is made of them says which is which. */
function inputKeys({ inputs: ports }: StageDeclaration, inputs: Inputs): Json {
  return Object.fromEntries(
    Object.entries(inputs).map(([port, of]) => [
      port,
      of.map(({ step, artifact: { manifestSha256 } }) =>
        ports[port]?.takes === 'many' ? [step, manifestSha256] : manifestSha256,
      ),
    ]),
  );
}

/** Manifest digest of each artifact that is read, by the step that made it. */
export function inputDigests(inputs: Inputs): Record<string, string> {
  return Object.fromEntries(
    Object.values(inputs)
      .flat()
      .map(({ step, artifact }) => [step, artifact.manifestSha256]),
  );
}
