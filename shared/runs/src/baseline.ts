/**
 * @file A baseline of the regression gate, `pipelines/baselines/<pipeline>.json`, as a run to compare with: what the run with the pipeline file's own
 * seed gave. Its artifacts are known by their digests; the store may have them.
 */
import { byName, type Run, type StepRun, type Workspace } from '@arrowsmith/pipeline';
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
  const steps = Object.entries(artifacts).map(([step, { manifest, code, stage }]) => {
    const own = Object.entries(metrics).filter(([name]) => name.startsWith(`${step}.`));
    const record: StepRun = {
      step,
      stage,
      makes: [],
      cached: true,
      key: '',
      manifest,
      code,
      startedAt: at,
      seconds: 0,
      bytes: 0,
      parameters: parameters[step] ?? {},
      environment: {},
      inputs: {},
      metadata: {},
      highlights: {},
      host,
      metrics: byName(own.map(([name, { values }]) => [name.slice(step.length + 1), values[0]!])),
    };
    return [step, record] as const;
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
    steps: byName(steps),
  };
}
