/** @file Reads the guarded numbers, and the digests of all artifacts, of a pipeline that has run. */
import { createHash } from 'node:crypto';
import { mergesTable, readBatches, trainingLogTable } from '@arrowsmith/artifacts';
import { type Manifest, verifiedBlob } from '@arrowsmith/artifacts/store';
import type { Artifact, Pipeline, RunRecord, Workspace } from '@arrowsmith/pipeline';
import type { Baseline } from './baseline.ts';
import { mean } from './interval.ts';
import { CURVE_PARTS, curvePart, METRICS } from './metrics.ts';

/** What a pipeline's run gave. */
export interface Measured {
  seed: number;
  metrics: Record<string, number>;
  /** Which way of a metric is better, as it says itself: to tell too good from worse. */
  better: Record<string, 'lower' | 'higher'>;
  digests: Record<string, string>;
  artifacts: Baseline['artifacts'];
  /** Stages whose results depend on how this machine computes. */
  computed: string[];
  engine: Record<string, string>;
  host: RunRecord['host'];
  substitution?: string;
}

/**
 * @param find the artifact of a stage in the run
 * @throws UserError when a stage has not run, or a file of its artifact is damaged
 */
export async function measure(
  workspace: Workspace,
  pipeline: Pipeline,
  find: (stage: string) => Promise<Artifact>,
): Promise<Measured> {
  const numbers: Record<string, number> = {};
  const better: Measured['better'] = {};
  const digests: Record<string, string> = {};
  const artifacts: Baseline['artifacts'] = {};
  const computed: string[] = [];
  const records: Record<string, RunRecord> = {};
  let substitution: string | undefined;
  for (const stage of Object.keys(pipeline.stages)) {
    const { manifest, run } = await find(stage);
    records[stage] = run;
    substitution ??= manifest.substitution;
    const parts = await curve(workspace, pipeline, stage, manifest);
    const own = { ...manifest.metadata, ...run.metrics, ...parts };
    for (const name of Object.keys(parts)) better[`${stage}.${name}`] = 'lower'; // losses
    for (const [name, meaning] of Object.entries(run.meanings ?? {})) {
      if (meaning.better !== undefined) better[`${stage}.${name}`] = meaning.better;
    }
    for (const [name, value] of Object.entries(own)) {
      if (typeof value === 'number') numbers[`${stage}.${name}`] = value;
    }
    Object.assign(digests, await mergesDigest(workspace, pipeline, stage, manifest));
    artifacts[stage] = {
      manifest: run.manifest,
      code: run.code,
      files: Object.fromEntries(Object.entries(manifest.files).map(([file, { sha256 }]) => [file, sha256])),
    };
    const follows = Object.keys(run.inputs).some((input) => computed.includes(input));
    if (follows || Object.keys(run.environment).length > 0) computed.push(stage);
  }
  const { 'evaluate.bitsPerByte': full, 'evaluate.quantizedBitsPerByte': quantized } = numbers;
  if (full !== undefined && quantized !== undefined) {
    numbers['evaluate.quantizationCost'] = quantized - full;
    better['evaluate.quantizationCost'] = 'lower';
  }
  const guarded = METRICS.filter(({ name }) => name in numbers).map(({ name }) => [name, numbers[name]!] as const);
  const { environment, host, parameters } = records['train']!;
  return {
    seed: (parameters as { seed: number }).seed,
    metrics: Object.fromEntries(guarded),
    better,
    digests,
    artifacts,
    computed,
    engine: environment,
    host,
    ...(substitution === undefined ? {} : { substitution }),
  };
}

/** Mean training losses of the parts of the run, where a stage has a training log. */
async function curve(
  workspace: Workspace,
  pipeline: Pipeline,
  stage: string,
  manifest: Manifest,
): Promise<Record<string, number>> {
  if (stage !== 'train') return {};
  const losses: number[] = [];
  for await (const batch of readBatches(
    await blob(workspace, pipeline, stage, manifest, 'log.arrow'),
    trainingLogTable.kind,
  )) {
    losses.push(...(batch.getChild('trainLoss')!.toArray() as Float64Array));
  }
  const edge = (part: number) => Math.round((part * losses.length) / CURVE_PARTS);
  const parts = Array.from({ length: CURVE_PARTS }, (_, part) => losses.slice(edge(part), edge(part + 1)));
  return Object.fromEntries(parts.flatMap((part, i) => (part.length === 0 ? [] : [[curvePart(i), mean(part)]])));
}

/** The digest of a tokenizer's merges as text, so that it changes with the merges and with nothing else. */
async function mergesDigest(
  workspace: Workspace,
  pipeline: Pipeline,
  stage: string,
  manifest: Manifest,
): Promise<Record<string, string>> {
  if (stage !== 'tokenizer') return {};
  const hash = createHash('sha256');
  for await (const batch of readBatches(
    await blob(workspace, pipeline, stage, manifest, 'merges.arrow'),
    mergesTable.kind,
  )) {
    const [left, right] = ['left', 'right'].map((column) => batch.getChild(column)!.toArray() as Int32Array);
    for (let rank = 0; rank < batch.numRows; rank++) hash.update(`${left![rank]} ${right![rank]}\n`);
  }
  return { 'tokenizer.merges': hash.digest('hex') };
}

function blob(
  workspace: Workspace,
  pipeline: Pipeline,
  stage: string,
  manifest: Manifest,
  file: string,
): Promise<string> {
  const fix = `npx nx run ${stage}:${pipeline.name} --skip-nx-cache`;
  return verifiedBlob(workspace.store, manifest.files[file]!, `artifacts/${pipeline.name}/${stage}/${file}`, fix);
}
