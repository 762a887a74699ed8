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
import { outputColumns, print as toTerminal, UserError, wrapText } from '@arrowsmith/errors';
import { type Artifact, findInputs, pointedArtifact } from './artifact.ts';
import type { Fingerprint } from './code.ts';
import { identify, type Identity, inputDigests, type Inputs } from './identify.ts';
import { splitMetrics } from './metric.ts';
import { type EventStream, openEvents } from './events.ts';
import { clearLine, printAbove, showsUnicode, terminalColumns } from './live-line.ts';
import { type Override } from './overrides.ts';
import { parseParameters } from './pipeline-file.ts';
import { type RunRecord, writePointer } from './pointer.ts';
import { duration, startProgress } from './progress.ts';
import { writeOutcome } from './run-state.ts';
import type {
  InputArtifact,
  JsonObject,
  Progress,
  Stage,
  StageContext,
  StageDeclaration,
  StageResult,
} from './stage.ts';
import { rerunCommand } from './rerun-command.ts';
import { openWorkFolder, removeWork } from './work-folder.ts';
import { collectorLock, fingerprintPath, lockFolder, type Workspace } from './workspace.ts';
import { substitutionNote } from './substitution-note.ts';

export interface StageRequest {
  workspace: Workspace;
  pipeline: string;
  /** Name of the step in the pipeline. */
  step: string;
  /** By port, the steps that it reads. */
  reads: Readonly<Record<string, readonly string[]>>;
  declaration: StageDeclaration;
  /** Loads the implementation; called only when there is something to compute. */
  load: () => Promise<Stage>;
  parameters: JsonObject;
  flags?: readonly Override[];
  /** The command that makes the artifact of a step again; by default with parameters as the pipeline's file has them. */
  again?: (step: string) => string;
  /** Identity of the stage's code. */
  code: string;
  /** Finds the artifact of a step; by default the one that its pointer names now. */
  input?: (step: string) => Promise<Artifact>;
  /** Identity of the `nx run` this belongs to. */
  invocation?: string | undefined;
  signal: AbortSignal;
  print?: (line: string) => void;
}

/** What running a step comes to. */
export interface StageOutcome extends RunRecord {
  /** Whether the stage ran, or the store knew the result. */
  outcome: 'computed' | 'recalled';
}

/** Runs a stage, or finds its result. */
export async function runStage(request: StageRequest): Promise<StageOutcome> {
  const { workspace, pipeline, step, declaration, print = toTerminal, invocation } = request;
  const events = openEvents(workspace, { run: invocation, pipeline, step }, print);
  events.emit({ type: 'begin', stage: declaration.name });
  const started = performance.now();
  try {
    const outcome = await runStep({ ...request, print }, events);
    events.emit({ type: 'end', outcome: outcome.outcome, seconds: (performance.now() - started) / 1000 });
    return outcome;
  } catch (error) {
    events.emit({ type: 'failed', message: (error as Error).message });
    throw error;
  } finally {
    events.close();
  }
}

async function runStep(
  request: StageRequest & { print: (line: string) => void },
  events: EventStream,
): Promise<StageOutcome> {
  const { workspace, pipeline, step, declaration, signal, invocation } = request;
  const print = (line: string): void => {
    request.print(line);
    events.emit({ type: 'note', text: line });
  };
  const { input = (of) => pointedArtifact(workspace, pipeline, of) } = request;
  const asked = parseParameters(declaration, request.parameters, request.flags ?? []);
  const inputs = await findInputs(request.reads, input);
  const identity = await identify({ ...request, parameters: asked, inputs });
  const { key, substitution, isFresh, reason } = identity;
  if (substitution !== undefined && isFresh) {
    const said = reason === undefined ? substitution : `${substitution} (${reason})`;
    print(`\n${substitutionNote(said, outputColumns())}\n`);
  }

  const publish = async (lease: Lease): Promise<StageOutcome> => {
    const known = await recall(workspace.store, key, {
      stage: declaration.name,
      onProblem: (problem) => print(`${step}: computed again, because ${problem}`),
    });
    if (known !== undefined) await removeWork(workspace.store, workName(declaration, key)); // of one that was killed before it had tidied up
    const result = known ?? (await execute(request, { identity, inputs, print, events }, lease));
    const remembered = result.run as unknown as RunRecord;
    const own = { pipeline, step, key, manifest: result.manifestSha256, inputs: inputDigests(inputs) };
    const run = { ...remembered, ...own };
    if (invocation !== undefined)
      await writeOutcome(workspace, invocation, pipeline, step, { key, computed: known === undefined });
    await writePointer(workspace, result.manifest, run);
    if (known !== undefined) print(`${step}: nothing to do, the result is in the store (${key.slice(0, 12)})`);
    return { ...run, outcome: known === undefined ? 'computed' : 'recalled' };
  };
  const lock = join(lockFolder(workspace), workName(declaration, key));
  return withLock(lock, publish, {
    signal,
    besides: collectorLock(workspace),
    onWait: (holder, held) => {
      const does = held === lock ? 'computes the same' : 'collects garbage';
      print(`${step}: waiting for ${describeHolder(holder)}, which ${does}`);
    },
  });
}

/** Names a computation in progress, so that a person who looks into the store sees which stage it is. */
const workName = ({ name }: StageDeclaration, key: string): string => `${name}-${key}`;

interface Execution {
  identity: Identity;
  inputs: Inputs;
  print: (line: string) => void;
  events: EventStream;
}

/** Runs the stage's own code and publishes what it wrote. */
async function execute(request: StageRequest, execution: Execution, lease: Lease): Promise<MemoEntry> {
  const { writeTable } = await import('@arrowsmith/artifacts'); // late: a known result needs no Arrow
  const { workspace, pipeline, step, declaration, code } = request;
  const { identity, inputs, print, events } = execution;
  const { key, parameters, environment, substitution } = identity;
  const signal = AbortSignal.any([request.signal, lease.signal]);
  const work = await openWorkFolder(workspace.store, workName(declaration, key), lease.token);
  const { output, measured: aside, state } = work;
  const rows: Record<string, number> = {};
  const inherited: Record<string, string> = substitution === undefined ? {} : { substitution };
  const columns = terminalColumns();
  const at = (port: string): InputArtifact[] =>
    (inputs[port] ?? []).map(({ step: source, artifact }) => inputArtifact(request, source, artifact));
  const context: StageContext<JsonObject> = {
    root: workspace.root,
    parameters,
    environment,
    step,
    input: (port) => onlyOf(at(port), `stage ${declaration.name} asks for one artifact at ${port}`),
    inputs: at,
    table: async (file, kind, metadata, batches) => {
      rows[file] = (await writeTable(join(output, file), kind, { ...metadata, ...inherited }, batches)).rows;
    },
    measured: async (file, kind, batches) => {
      rows[file] = (await writeTable(join(aside, file), kind, {}, batches)).rows;
    },
    outputPath: (file) => join(output, file),
    stateDirectory: state,
    progress: (label, options) => followed(startProgress(label, options), { label, ...options }, events),
    row: (table, values) => events.emit({ type: 'row', table: table.kind, values }),
    note: (lines) => printAbove(() => print(wrapText(lines, outputColumns() ?? Infinity).join('\n'))),
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
      step,
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
    print(`${step}: done in ${duration(1000 * seconds)}`);
    return { manifest, manifestSha256, run };
  } catch (error) {
    clearLine(); // of progress: what follows begins a line
    await work.abandon();
    throw error;
  }
}

/** Progress that others can follow, too. */
function followed(
  shown: Progress,
  what: { label: string; total?: number; unit: string },
  events: EventStream,
): Progress {
  let last: { done: number; suffix?: string } = { done: 0 };
  return {
    update(done, suffix) {
      last = { done, ...(suffix === undefined ? {} : { suffix }) };
      shown.update(done, suffix);
      events.emit({ type: 'progress', ...what, ...last });
    },
    end() {
      shown.end();
      events.emit({ type: 'progress', ...what, ...last, end: true });
    },
  };
}

function onlyOf(artifacts: readonly InputArtifact[], asked: string): InputArtifact {
  const [only, ...others] = artifacts;
  if (only !== undefined && others.length === 0) return only;
  throw new Error(`${asked}, where it has ${only === undefined ? 'none' : 'several'}`);
}

/** An artifact as the stage that reads it sees it. */
function inputArtifact(
  { workspace: { store }, pipeline, again = (step) => rerunCommand({ pipeline }, step) }: StageRequest,
  step: string,
  { manifest, manifestSha256 }: Artifact,
): InputArtifact {
  return {
    step,
    digest: manifestSha256,
    metadata: manifest.metadata,
    has: (file) => Object.hasOwn(manifest.files, file),
    async file(name) {
      const entry = Object.hasOwn(manifest.files, name) ? manifest.files[name] : undefined;
      if (entry === undefined) throw new Error(`the artifact of ${step} has no file ${name}`);
      const path = `artifacts/${pipeline}/${step}/${name}`;
      return verifiedBlob(store, entry, path, again(step));
    },
  };
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
  step: string;
  declaration: StageDeclaration;
  key: string;
  code: string;
  parameters: JsonObject;
  environment: Record<string, string>;
  inputs: Inputs;
  startedAt: string;
  seconds: number;
  result: StageResult;
  measured: Record<string, FileEntry>;
}): Record<string, unknown> {
  const { declaration, inputs, result, ...rest } = from;
  return {
    stage: declaration.name,
    makes: declaration.makes,
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
