/**
 * @file A baseline of the regression gate, `pipelines/baselines/<pipeline>.json`, as a run to compare with: what the run with the pipeline file's own
 * seed gave. Its artifacts are known by their digests; the store may have them.
 */
import { byName, type Run, type StageRun, type Workspace } from '@arrowsmith/pipeline';
import { type Baseline, readBaseline } from '@arrowsmith/regression';

/**
 * Reads the baseline of a pipeline as a run.
 * @throws UserError when there is none, or it is damaged, of another format version or of another pipeline
 */
export async function readBaselineRun(workspace: Pick<Workspace, 'root'>, pipeline: string): Promise<Run> {
  return runOf(await readBaseline(workspace, pipeline));
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
      metrics: byName(own.map(([name, { values }]) => [name.slice(stage.length + 1), values[0]!])),
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
    stages: byName(stages),
  };
}
