/**
 * @file A baseline of the regression gate, `pipelines/baselines/<pipeline>.json`, as a run to compare with: what the run with the pipeline file's own
 * seed gave. Its artifacts are known by their digests; the store may have them.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import type { Run, StageRun, Workspace } from '@arrowsmith/pipeline';
import { z } from 'zod';

/** The part of a baseline's format that is read here. */
const schema = z.object({
  format: z.literal(1),
  pipeline: z.string(),
  parameters: z.record(z.string(), z.record(z.string(), z.unknown())),
  engine: z.object({ backend: z.string(), precision: z.string() }),
  measured: z.object({
    at: z.iso.datetime(),
    commit: z.string().optional(),
    substitution: z.string().optional(),
    host: z.object({ platform: z.string(), arch: z.string(), cpu: z.string(), node: z.string() }),
  }),
  /** By `stage.metric`; the first value is that of the pipeline file's own seed. */
  metrics: z.record(z.string(), z.object({ values: z.array(z.number()).min(1) })),
  artifacts: z.record(z.string(), z.object({ manifest: z.string(), code: z.string() })),
});

type Baseline = z.infer<typeof schema>;

/**
 * Reads the baseline of a pipeline.
 * @throws UserError when there is none, or it is damaged, of another format version or of another pipeline
 */
export async function readBaselineRun({ root }: Pick<Workspace, 'root'>, pipeline: string): Promise<Run> {
  const folder = join(root, 'pipelines', 'baselines');
  const path = join(folder, `${pipeline}.json`);
  const where = relative(root, path);
  const fix = `npx nx run pipeline:baseline --pipeline=${pipeline}`;
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) {
    const others = (await readdir(folder).catch(() => [])).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []);
    throw new UserError({
      what: `there is no baseline of pipeline ${pipeline}`,
      where,
      expected: others.length > 0 ? `a pipeline with a baseline: ${others.join(', ')}` : 'a committed baseline',
      fix: `choose one, or make it: ${fix}`,
    });
  }
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new UserError({
      what: `the baseline of pipeline ${pipeline} cannot be read`,
      where,
      expected: 'a baseline of format 1',
      found: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`).join('; '),
      fix: `make it anew: ${fix}`,
    });
  }
  if (parsed.data.pipeline !== pipeline) {
    throw new UserError({
      what: `the baseline of pipeline ${pipeline} is one of another pipeline`,
      where,
      expected: pipeline,
      found: parsed.data.pipeline,
      fix: `restore the file, or make it anew: ${fix}`,
    });
  }
  return runOf(parsed.data);
}

function runOf({ pipeline, parameters, engine, measured, metrics, artifacts }: Baseline): Run {
  const { host, at, commit = '', substitution } = measured;
  const platform = `${host.platform} ${host.arch}`;
  const stages = Object.entries(artifacts).map(([stage, { manifest, code }]) => {
    const own = Object.entries(metrics).filter(([name]) => name.startsWith(`${stage}.`));
    const record: StageRun = {
      stage,
      cached: true,
      key: '',
      manifest,
      code,
      startedAt: at,
      seconds: 0,
      bytes: 0,
      parameters: parameters[stage] ?? {},
      environment: {},
      inputs: {},
      metadata: {},
      highlights: {},
      host,
      metrics: Object.fromEntries(own.map(([name, { values }]) => [name.slice(stage.length + 1), values[0]!])),
    };
    return [stage, record] as const;
  });
  return {
    id: `${pipeline}@baseline`,
    revision: 0,
    pipeline,
    finishedAt: at,
    seconds: 0,
    ...(commit === '' ? {} : { commit: commit.replace('+', '') }),
    dirty: commit.endsWith('+'),
    backend: engine.backend,
    ...(substitution === undefined ? {} : { substitution }),
    machine: { host: '', platform, cpu: host.cpu, cores: 0, memoryBytes: 0, node: host.node },
    stages: Object.fromEntries(stages),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
