/** @file Reads the guarded numbers, and the digests of all artifacts, of a pipeline that has run. */
import { createHash } from 'node:crypto';
import { mergesTable, readBatches } from '@arrowsmith/artifacts';
import { type Manifest, verifiedBlob } from '@arrowsmith/artifacts/store';
import type { Artifact, Pipeline, RunRecord, Workspace } from '@arrowsmith/pipeline';
import type { Baseline } from './baseline.ts';
import { trainings } from './experiment.ts';
import { type Metric, metricOf } from './metrics.ts';

/** What a pipeline's run gave. */
export interface Measured {
  seed: number;
  metrics: Record<string, number>;
  /** How each is compared, in the order of the steps. */
  guarded: Metric[];
  /** Which way of a metric is better, as it says itself: to tell too good from worse. */
  better: Record<string, 'lower' | 'higher'>;
  digests: Record<string, string>;
  artifacts: Baseline['artifacts'];
  /** Steps whose results depend on how this machine computes. */
  computed: string[];
  engine: Record<string, string>;
  host: RunRecord['host'];
  substitution?: string;
}

/**
 * @param find the artifact of a step in the run
 * @throws UserError when a step has not run, or a file of its artifact is damaged
 */
export async function measure(
  workspace: Workspace,
  pipeline: Pipeline,
  find: (step: string) => Promise<Artifact>,
): Promise<Measured> {
  const metrics: Record<string, number> = {};
  const guarded: Metric[] = [];
  const better: Measured['better'] = {};
  const digests: Record<string, string> = {};
  const artifacts: Baseline['artifacts'] = {};
  const computed: string[] = [];
  let substitution: string | undefined;
  for (const step of Object.keys(pipeline.steps)) {
    const { manifest, run } = await find(step);
    substitution ??= manifest.substitution;
    for (const [name, { guard, better: way }] of Object.entries(run.meanings ?? {})) {
      if (guard === undefined) continue;
      guarded.push(metricOf(`${step}.${name}`, guard));
      metrics[`${step}.${name}`] = run.metrics[name]!;
      if (way !== undefined) better[`${step}.${name}`] = way;
    }
    Object.assign(digests, await mergesDigest(workspace, pipeline, { step, run, manifest }));
    artifacts[step] = {
      stage: run.stage,
      manifest: run.manifest,
      code: run.code,
      files: Object.fromEntries(Object.entries(manifest.files).map(([file, { sha256 }]) => [file, sha256])),
    };
    const follows = Object.keys(run.inputs).some((input) => computed.includes(input));
    if (follows || Object.keys(run.environment).length > 0) computed.push(step);
  }
  const [training = ''] = trainings(pipeline);
  const { environment, host, parameters } = (await find(training)).run;
  return {
    seed: (parameters as { seed: number }).seed,
    metrics,
    guarded,
    better,
    digests,
    artifacts,
    computed,
    engine: environment,
    host,
    ...(substitution === undefined ? {} : { substitution }),
  };
}

/** The digest of a tokenizer's merges as text, so that it changes with the merges and with nothing else. */
async function mergesDigest(
  workspace: Workspace,
  { name }: Pipeline,
  { step, run, manifest }: { step: string; run: RunRecord; manifest: Manifest },
): Promise<Record<string, string>> {
  const entry = manifest.files['merges.arrow'];
  if (!run.makes.includes('tokenizer') || entry === undefined) return {};
  const fix = `npx nx run ${step}:${name} --skip-nx-cache`;
  const path = await verifiedBlob(workspace.store, entry, `artifacts/${name}/${step}/merges.arrow`, fix);
  const hash = createHash('sha256');
  for await (const batch of readBatches(path, mergesTable.kind)) {
    const [left, right] = ['left', 'right'].map((column) => batch.getChild(column)!.toArray() as Int32Array);
    for (let rank = 0; rank < batch.numRows; rank++) hash.update(`${left![rank]} ${right![rank]}\n`);
  }
  return { [`${step}.merges`]: hash.digest('hex') };
}
