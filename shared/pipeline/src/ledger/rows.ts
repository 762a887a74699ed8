/**
 * @file Runs as rows of the Arrow table `runs`, and back. What is nested is decoded when it is asked for: a list of ten thousand runs reads a few
 * columns of each.
 */
import {
  booleans,
  type Column,
  numbers,
  optionalStrings,
  type RecordBatch,
  runMetricsList,
  runStagesList,
  strings,
  structLists,
  timestamps,
} from '@arrowsmith/artifacts';
import type { Run, StageRun } from './run.ts';

/** A record batch of {@link runsTable}. */
export function runColumns(runs: readonly Run[]): Record<string, Column> {
  const text = (of: (run: Run) => string) => strings(runs.map(of));
  const optional = (of: (run: Run) => string | undefined) => optionalStrings(runs.map(of));
  const number = (of: (run: Run) => number) => numbers(Float64Array.from(runs, of));
  const integer = (of: (run: Run) => number) => numbers(Int32Array.from(runs, of));
  return {
    id: text(({ id }) => id),
    revision: integer(({ revision }) => revision),
    name: optional(({ name }) => name),
    notes: optional(({ notes }) => notes),
    pipeline: text(({ pipeline }) => pipeline),
    stage: optional(({ stage }) => stage),
    finishedAt: timestamps(runs.map(({ finishedAt }) => Date.parse(finishedAt))),
    seconds: number(({ seconds }) => seconds),
    commit: optional(({ commit }) => commit),
    dirty: booleans(runs.map(({ dirty }) => dirty)),
    backend: optional(({ backend }) => backend),
    substitution: optional(({ substitution }) => substitution),
    host: text(({ machine }) => machine.host),
    platform: text(({ machine }) => machine.platform),
    cpu: text(({ machine }) => machine.cpu),
    cores: integer(({ machine }) => machine.cores),
    memoryBytes: number(({ machine }) => machine.memoryBytes),
    node: text(({ machine }) => machine.node),
    metrics: metricsColumn(runs),
    stages: stagesColumn(runs),
  };
}

function metricsColumn(runs: readonly Run[]): Column {
  const ofRuns = runs.map(({ stages }) =>
    Object.entries(stages).flatMap(([stage, { metrics }]) =>
      Object.entries(metrics).map(([name, value]) => ({ stage, name, value })),
    ),
  );
  const all = ofRuns.flat();
  return structLists(
    runMetricsList,
    ofRuns.map(({ length }) => length),
    {
      stage: strings(all.map(({ stage }) => stage)),
      name: strings(all.map(({ name }) => name)),
      value: numbers(Float64Array.from(all, ({ value }) => value)),
    },
  );
}

function stagesColumn(runs: readonly Run[]): Column {
  const all = runs.flatMap(({ stages }) => Object.entries(stages).map(([stage, record]) => ({ ...record, stage })));
  const text = (of: (stage: StageRun) => string) => strings(all.map(of));
  const json = (of: (stage: StageRun) => unknown) => strings(all.map((stage) => JSON.stringify(of(stage) ?? null)));
  return structLists(
    runStagesList,
    runs.map(({ stages }) => Object.keys(stages).length),
    {
      stage: text(({ stage }) => stage),
      cached: booleans(all.map(({ cached }) => cached)),
      key: text(({ key }) => key),
      manifest: text(({ manifest }) => manifest),
      code: text(({ code }) => code),
      startedAt: text(({ startedAt }) => startedAt),
      seconds: numbers(Float64Array.from(all, ({ seconds }) => seconds)),
      bytes: numbers(Float64Array.from(all, ({ bytes }) => bytes)),
      parametersJson: json(({ parameters }) => parameters),
      environmentJson: json(({ environment }) => environment),
      inputsJson: json(({ inputs }) => inputs),
      metadataJson: json(({ metadata }) => metadata),
      highlightsJson: json(({ highlights }) => highlights),
      hostJson: json(({ host }) => host),
    },
  );
}

/**
 * The runs of a record batch of {@link runsTable}.
 * @throws where a column is missing or of another type
 */
export function runsOfBatch(batch: RecordBatch): Run[] {
  const column = (name: string) => {
    const vector = batch.getChild(name);
    if (vector === null) throw new Error(`there is no column ${name}`);
    return <T>(row: number) => vector.get(row) as T;
  };
  const names = ['id', 'pipeline', 'host', 'platform', 'cpu', 'node'] as const;
  const texts = Object.fromEntries(names.map((name) => [name, column(name)])) as Record<
    (typeof names)[number],
    (row: number) => string
  >;
  const optionalNames = ['name', 'notes', 'stage', 'commit', 'backend', 'substitution'] as const;
  const optional = optionalNames.map((name) => [name, column(name)] as const);
  const [revision, finishedAt, seconds, dirty, cores, memoryBytes] = [
    'revision',
    'finishedAt',
    'seconds',
    'dirty',
    'cores',
    'memoryBytes',
  ].map(column) as ((row: number) => never)[];
  const stages = column('stages');
  const metrics = column('metrics');

  return Array.from({ length: batch.numRows }, (_, row): Run => {
    let decoded: Record<string, StageRun> | undefined;
    const present = optional.flatMap(([name, value]) => {
      const text = value<string | null>(row);
      return text === null ? [] : [[name, text]];
    });
    return {
      id: texts.id(row),
      revision: revision!(row),
      pipeline: texts.pipeline(row),
      ...(Object.fromEntries(present) as Partial<Record<(typeof optionalNames)[number], string>>),
      finishedAt: new Date(finishedAt!(row)).toISOString(),
      seconds: seconds!(row),
      dirty: dirty!(row),
      machine: {
        host: texts.host(row),
        platform: texts.platform(row),
        cpu: texts.cpu(row),
        cores: cores!(row),
        memoryBytes: memoryBytes!(row),
        node: texts.node(row),
      },
      get stages() {
        return (decoded ??= decodeStages(stages(row), metrics(row)));
      },
    };
  });
}

/** A list of structs as Arrow gives it: a vector whose children are columns. */
interface StructList {
  length: number;
  getChild(name: string): { get(row: number): never } | null;
}

function decodeStages(list: StructList, metrics: StructList): Record<string, StageRun> {
  const get = <T>(name: string, row: number): T => list.getChild(name)!.get(row) as T;
  const stages: Record<string, StageRun> = {};
  for (let row = 0; row < list.length; row++) {
    const json = <T>(name: string): T => JSON.parse(get<string>(name, row)) as T;
    const stage = get<string>('stage', row);
    stages[stage] = {
      stage,
      cached: get('cached', row),
      key: get('key', row),
      manifest: get('manifest', row),
      code: get('code', row),
      startedAt: get('startedAt', row),
      seconds: get('seconds', row),
      bytes: get('bytes', row),
      parameters: json('parametersJson'),
      environment: json('environmentJson'),
      inputs: json('inputsJson'),
      metadata: json('metadataJson'),
      highlights: json('highlightsJson'),
      host: json('hostJson'),
      metrics: {},
    };
  }
  for (let row = 0; row < metrics.length; row++) {
    const of = (name: string) => metrics.getChild(name)!.get(row) as unknown;
    stages[of('stage') as string]!.metrics[of('name') as string] = of('value') as number;
  }
  return stages;
}
