/**
 * @file The stage runner: parameters and inputs in, an artifact out, computed at most once.
 *
 * 1. Check the parameters; find the artifacts of the inputs.
 * 2. Let the stage look at what its parameters refer to outside (`resolve`), so that they say all that the result depends on.
 * 3. Key = digest of stage, code, parameters that matter, environment and input manifests. A known key is a finished result.
 * 4. Under a lock on the key: run the stage into a temporary folder, move the files into the store, remember the manifest; and write the pointer,
 *    known or not, before the lock is released: garbage is not collected while it is held.
 */
import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import {
  describeHolder,
  type FileEntry,
  type Lease,
  type Manifest,
  type MemoEntry,
  putFile,
  recall,
  remember,
  verifiedBlob,
  withLock,
} from '@arrowsmith/artifacts/store';
import { print as toTerminal, UserError } from '@arrowsmith/errors';
import { type Artifact, pointedArtifact } from './artifact.ts';
import type { Fingerprint } from './code.ts';
import { identify, type Identity, inputDigests } from './identify.ts';
import { splitMetrics } from './metric.ts';
import { clearLine, printAbove, showsUnicode, terminalColumns } from './live-line.ts';
import { type Override } from './overrides.ts';
import { parseParameters } from './pipeline-file.ts';
import { type RunRecord, writePointer } from './pointer.ts';
import { duration, startProgress } from './progress.ts';
import { writeOutcome } from './run-state.ts';
import type { JsonObject, Stage, StageContext, StageDeclaration, StageResult } from './stage.ts';
import { openWorkFolder, removeWork } from './work-folder.ts';
import { collectorLock, fingerprintPath, lockFolder, type Workspace } from './workspace.ts';

export interface StageRequest {
  workspace: Workspace;
  pipeline: string;
  declaration: StageDeclaration;
  /** Loads the implementation; called only when there is something to compute. */
  load: () => Promise<Stage>;
  parameters: JsonObject;
  flags?: readonly Override[];
  /** Identity of the stage's code. */
  code: string;
  /** Finds the artifact of an input; by default the one that its pointer names now. */
  input?: (stage: string) => Promise<Artifact>;
  /** Identity of the `nx run` this belongs to. */
  invocation?: string | undefined;
  signal: AbortSignal;
  print?: (line: string) => void;
}

/** What running a stage comes to. */
export interface StageOutcome extends RunRecord {
  /** Whether the stage ran, or the store knew the result. */
  outcome: 'computed' | 'recalled';
}

/** Runs a stage, or finds its result. */
export async function runStage(request: StageRequest): Promise<StageOutcome> {
  const { workspace, pipeline, declaration, signal, print = toTerminal, invocation } = request;
  const { input = (stage) => pointedArtifact(workspace, pipeline, stage) } = request;
  const asked = parseParameters(declaration, request.parameters, request.flags ?? []);
  const inputs: Record<string, Artifact> = {};
  for (const stage of declaration.inputs) inputs[stage] = await input(stage);
  const identity = await identify({ ...request, parameters: asked, inputs });
  const { key, substitution, reason } = identity;
  if (substitution !== undefined) print(banner(reason === undefined ? substitution : `${substitution} (${reason})`));

  const publish = async (lease: Lease): Promise<StageOutcome> => {
    const known = await recall(workspace.store, key, {
      stage: declaration.name,
      onProblem: (problem) => print(`${declaration.name}: computed again, because ${problem}`),
    });
    if (known !== undefined) await removeWork(workspace.store, workName(declaration, key)); // of one that was killed before it had tidied up
    const result = known ?? (await execute(request, { identity, inputs, print }, lease));
    const run = { ...(result.run as unknown as RunRecord), pipeline, key, manifest: result.manifestSha256 };
    if (invocation !== undefined)
      await writeOutcome(workspace, invocation, pipeline, declaration.name, { key, computed: known === undefined });
    await writePointer(workspace, result.manifest, run);
    if (known !== undefined)
      print(`${declaration.name}: nothing to do, the result is in the store (${key.slice(0, 12)})`);
    return { ...run, outcome: known === undefined ? 'computed' : 'recalled' };
  };
  const lock = join(lockFolder(workspace), workName(declaration, key));
  return withLock(lock, publish, {
    signal,
    besides: collectorLock(workspace),
    onWait: (holder, held) => {
      const does = held === lock ? 'computes the same' : 'collects garbage';
      print(`${declaration.name}: waiting for ${describeHolder(holder)}, which ${does}`);
    },
  });
}

/** Names a computation in progress, so that a person who looks into the store sees which stage it is. */
const workName = ({ name }: StageDeclaration, key: string): string => `${name}-${key}`;

const banner = (substitution: string): string => `\n!! ${substitution}\n`;

interface Execution {
  identity: Identity;
  inputs: Readonly<Record<string, Artifact>>;
  print: (line: string) => void;
}

/** Runs the stage's own code and publishes what it wrote. */
async function execute(request: StageRequest, execution: Execution, lease: Lease): Promise<MemoEntry> {
  const { writeTable } = await import('@arrowsmith/artifacts'); // late: a known result needs no Arrow
  const { workspace, pipeline, declaration, code } = request;
  const { identity, inputs, print } = execution;
  const { key, parameters, environment, substitution } = identity;
  const signal = AbortSignal.any([request.signal, lease.signal]);
  const work = await openWorkFolder(workspace.store, workName(declaration, key), lease.token);
  const { output, measured: aside, state } = work;
  const rows: Record<string, number> = {};
  const inherited: Record<string, string> = substitution === undefined ? {} : { substitution };
  const columns = terminalColumns();
  const context: StageContext<JsonObject> = {
    root: workspace.root,
    parameters,
    environment,
    input: async (stage, file) => {
      const entry = inputs[stage]?.manifest.files[file];
      if (entry === undefined)
        throw new Error(`stage ${declaration.name} asks for ${stage}/${file}, which is not there`);
      return verifiedBlob(
        workspace.store,
        entry,
        `artifacts/${pipeline}/${stage}/${file}`,
        `npx nx run ${stage}:${pipeline} --skip-nx-cache`,
      );
    },
    inputMetadata: (stage) => inputs[stage]!.manifest.metadata,
    table: async (file, kind, metadata, batches) => {
      rows[file] = (await writeTable(join(output, file), kind, { ...metadata, ...inherited }, batches)).rows;
    },
    measured: async (file, kind, batches) => {
      rows[file] = (await writeTable(join(aside, file), kind, {}, batches)).rows;
    },
    outputPath: (file) => join(output, file),
    stateDirectory: state,
    progress: (label, options) => startProgress(label, options),
    note: (line) => printAbove(() => print(line)),
    terminal: columns === undefined ? undefined : { columns, unicode: showsUnicode() },
    signal,
  };

  const startedAt = new Date().toISOString();
  const started = performance.now();
  try {
    const stage = await request.load();
    const result = await stage.run(context);
    const files = await putFiles(workspace, output, rows);
    const measured = await putFiles(workspace, aside, rows);
    const manifest: Manifest = {
      format: 1,
      stage: declaration.name,
      metadata: result.metadata ?? {},
      ...(substitution === undefined ? {} : { substitution }),
      files,
    };
    const seconds = (performance.now() - started) / 1000;
    const run = provenance({
      pipeline,
      declaration,
      key,
      code,
      parameters,
      environment,
      inputs,
      startedAt,
      seconds,
      result,
      measured,
    });
    await lease.check();
    const manifestSha256 = await remember(workspace.store, key, manifest, run);
    await work.finish();
    print(`${declaration.name}: done in ${duration(1000 * seconds)}`);
    return { manifest, manifestSha256, run };
  } catch (error) {
    clearLine(); // of progress: what follows begins a line
    await work.abandon();
    throw error;
  }
}

/** Moves the files of a folder into the store. @param rows of those that are tables */
async function putFiles(
  { store }: Workspace,
  folder: string,
  rows: Readonly<Record<string, number>>,
): Promise<Record<string, FileEntry>> {
  const files: Record<string, FileEntry> = {};
  for (const file of (await readdir(folder)).sort())
    files[file] = { ...(await putFile(store, join(folder, file))), ...(file in rows ? { rows: rows[file] } : {}) };
  return files;
}

function provenance(from: {
  pipeline: string;
  declaration: StageDeclaration;
  key: string;
  code: string;
  parameters: JsonObject;
  environment: Record<string, string>;
  inputs: Readonly<Record<string, Artifact>>;
  startedAt: string;
  seconds: number;
  result: StageResult;
  measured: Record<string, FileEntry>;
}): Record<string, unknown> {
  const { declaration, inputs, result, ...rest } = from;
  return {
    stage: declaration.name,
    ...rest,
    inputs: inputDigests(inputs),
    host: { platform: process.platform, arch: process.arch, cpu: cpus()[0]?.model ?? 'unknown', node: process.version },
    ...splitMetrics(result.metrics ?? {}),
    highlights: result.highlights ?? {},
  };
}

/** Reads the identity of the newest build of a stage's code. */
export async function readFingerprint(workspace: Workspace, stage: string): Promise<string> {
  const path = fingerprintPath(workspace, stage);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) {
    throw new UserError({
      what: `the identity of stage ${stage}'s code is missing`,
      where: path,
      fix: `start stages through Nx, which makes it first: npx nx run ${stage}:<pipeline>`,
    });
  }
  return (JSON.parse(text) as Fingerprint).sha256;
}

/** The identities of several stages' code, by stage. */
export async function readFingerprints(
  workspace: Workspace,
  stages: readonly string[],
): Promise<Record<string, string>> {
  const entries = stages.map(async (stage) => [stage, await readFingerprint(workspace, stage)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
