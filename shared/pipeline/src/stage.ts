/**
 * @file What a stage is. A stage has two files: `declaration.ts` says its name, inputs and parameters and loads in milliseconds;
 * `stage.ts` does the work and is loaded only when there is work to do.
 */
import type { Column, TableKind } from '@arrowsmith/artifacts';
import type { z } from 'zod';
import type { Metric } from './metric.ts';
import type { ArtifactKind, Port } from './ports.ts';

export type { Metric, MetricMeaning } from './metric.ts';
export { type ArtifactKind, many, one, optional, type Port } from './ports.ts';

/** A JSON object: a stage's parameters as they are hashed. */
export type JsonObject = Record<string, unknown>;

/** What `resolve` found out about the world outside: the parameters to use, and whether they stand in for what was asked. */
export interface Resolution<R> {
  parameters: R;
  /** Says what stands in for what. It is shown first and last, and carried by every artifact that follows. */
  substitution?: string;
  /** Why, for the console only: artifacts must not differ by how a network failed. */
  reason?: string;
}

export interface ResolveOptions<R> {
  /** Root of the workspace: relative paths in a pipeline file start here. */
  root: string;
  /** Whether the store already has the result for these parameters, so that there is no need to look further. */
  isKnown: (parameters: R) => Promise<boolean>;
  /** Whether a port has an artifact: an optional one may be empty. */
  reads: (port: string) => boolean;
  signal: AbortSignal;
}

/**
 * What is known of the artifact at a port: its metadata, or, as long as it is not there, the parameters of the step that makes it, some of which the
 * metadata have under the same names. Of several, the first; undefined where there is none.
 */
export type About = (port: string) => Readonly<Record<string, unknown>> | undefined;

/** A measurement of this machine, taken once, before the first run that needs it. */
export interface Measurement {
  /** Takes it, and keeps it: a script of the workspace, run by Node with tsx. */
  script: string;
  /** A digest of what is kept; undefined as long as nothing is. Nx's hash of a task names it. */
  kept: string | undefined;
}

export interface StageDeclaration<P extends JsonObject = JsonObject, R extends JsonObject = P> {
  /** Also the name of its folder in `stages/` and of its Nx project. */
  name: string;
  /** One line, shown by `nx show project`. */
  description: string;
  /** What it reads, by the name of the port: `rows: one('rows')`. */
  inputs: Readonly<Record<string, Port>>;
  /** The kinds of artifact that what it writes is. */
  makes: readonly ArtifactKind[];
  /** None is called `stage` or `inputs`, which say in a pipeline file what a step is and reads. */
  parameters: z.ZodType<P, unknown>;
  /** Takes all cores: Nx runs nothing beside it. */
  exclusive?: boolean;
  /** Parameters that decide how a result is computed, but not what it is, e.g. the number of threads. They are not part of the memo key. */
  notInKey?: readonly (keyof P & string)[];
  /** What else the result depends on, e.g. the compute backend. Part of the memo key. */
  environment?: (parameters: P, about: About) => Record<string, string>;
  /** A measurement of this machine that `environment` decides by; undefined where it needs none. */
  measurement?: (parameters: P, about: About) => Measurement | undefined;
  /**
   * Looks at what parameters refer to outside the workspace (is the hub reachable? what is in that file?) and returns parameters
   * that say it: the result must depend on nothing else.
   */
  resolve?: (parameters: P, options: ResolveOptions<R>) => Promise<Resolution<R>>;
  /** Whether Nx may skip the task by its own cache: not when `resolve` has to look again. Default: yes. */
  cacheable?: (parameters: P) => boolean;
}

/** Progress of one piece of work. */
export interface Progress {
  /** @param done units done so far  @param suffix a few words shown behind the numbers, e.g. `loss 2.31` */
  update(done: number, suffix?: string): void;
  end(): void;
}

/** An artifact that a stage reads. */
export interface InputArtifact {
  /** Name of the step that made it. */
  step: string;
  /** Digest of its manifest. */
  digest: string;
  metadata: Readonly<Record<string, string | number | boolean>>;
  /** Whether it has a file of this name. */
  has(file: string): boolean;
  /** The path of one of its files, verified byte for byte. */
  file(name: string): Promise<string>;
}

/** Everything a stage may touch. */
export interface StageContext<P> {
  /** Root of the workspace. */
  root: string;
  parameters: P;
  /** What the declaration's `environment` returned. */
  environment: Record<string, string>;
  /** Name of the step that runs: what progress and notices begin with. */
  step: string;
  /** The artifact at a port that takes one. */
  input(port: string): InputArtifact;
  /** The artifacts at a port that takes any number; none at an optional one that is not filled. */
  inputs(port: string): readonly InputArtifact[];
  /** Writes an Arrow table into the output artifact. */
  table(
    file: string,
    kind: TableKind,
    metadata: Record<string, string>,
    batches: Iterable<Record<string, Column>> | AsyncIterable<Record<string, Column>>,
  ): Promise<void>;
  /**
   * Writes an Arrow table of what was measured on the way, such as times, which differ between equal runs. It is no part of the artifact:
   * `run.json` names it, the manifest does not.
   */
  measured(file: string, kind: TableKind, batches: Iterable<Record<string, Column>>): Promise<void>;
  /** The path at which to write any other file of the output artifact. */
  outputPath(file: string): string;
  /** A folder that survives a kill and is there again when the same computation is started again; for checkpoints and partial downloads. */
  stateDirectory: string;
  /** Starts a progress bar (or lines, where there is no terminal). */
  progress(label: string, options: { total?: number; unit: string }): Progress;
  /** Prints lines, above the progress bar where there is one. */
  note(lines: string): void;
  /** Tells those who watch a row of a table that will be in the artifact, as soon as it is known. */
  row(table: Pick<TableKind, 'kind'>, values: Readonly<Record<string, number | string | null>>): void;
  /** The terminal that shows what is printed, if there is one. */
  terminal?: { columns: number; unicode: boolean } | undefined;
  /** Aborted on SIGTERM and SIGINT. */
  signal: AbortSignal;
}

export interface StageResult {
  /** Goes into the manifest and is hashed: only what follows from parameters and inputs. */
  metadata?: Record<string, string | number | boolean>;
  /** Numbers to compare runs by; each says what it is, and which way is better. */
  metrics?: Record<string, Metric>;
  /** Lines for the pipeline's summary: label → text. What a model wrote has a label that begins with the word `sample`, and a block of its own. */
  highlights?: Record<string, string>;
}

export interface Stage<P extends JsonObject = JsonObject, R extends JsonObject = P> {
  declaration: StageDeclaration<P, R>;
  run: (context: StageContext<R>) => Promise<StageResult>;
}

/** Declares a stage; the function only helps type inference. */
export function declareStage<P extends JsonObject, R extends JsonObject = P>(
  declaration: StageDeclaration<P, R>,
): StageDeclaration<P, R> {
  return declaration;
}

/** Joins a declaration with what the stage does. */
export function implementStage<P extends JsonObject, R extends JsonObject>(
  declaration: StageDeclaration<P, R>,
  run: Stage<P, R>['run'],
): Stage<P, R> {
  return { declaration, run };
}
