/**
 * @file Runs as rows of the Arrow table `runs`, and back. What is nested is decoded when it is asked for: a list of ten thousand runs reads a few
 * columns of each.
 */
import {
  booleans,
  type Column,
  numbers,
  optionalStrings,
  readStructLists,
  readTexts,
  type RecordBatch,
  runMeaningsList,
  runMetricsList,
  runStagesList,
  strings,
  structLists,
  type StructLists,
  timestamps,
} from '@arrowsmith/artifacts';
import type { LossMeasure, MetricMeaning } from '../metric.ts';
import { byName, type Run, type StageRun } from './run.ts';

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
    meanings: meaningsColumn(runs),
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

function meaningsColumn(runs: readonly Run[]): Column {
  const ofRuns = runs.map(({ stages }) =>
    Object.entries(stages).flatMap(([stage, { meanings = {} }]) =>
      Object.entries(meanings).map(([name, meaning]) => ({ ...meaning, stage, name })),
    ),
  );
  const all = ofRuns.flat();
  return structLists(
    runMeaningsList,
    ofRuns.map(({ length }) => length),
    {
      stage: strings(all.map(({ stage }) => stage)),
      name: strings(all.map(({ name }) => name)),
      unit: optionalStrings(all.map(({ unit }) => unit)),
      better: optionalStrings(all.map(({ better }) => better)),
      perToken: booleans(all.map(({ perToken }) => perToken === true)),
      lossModel: optionalStrings(all.map(({ loss }) => loss?.model)),
      lossMeasure: optionalStrings(all.map(({ loss }) => loss?.measure)),
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
  const get = <T>(name: string): ((row: number) => T) => {
    const vector = batch.getChild(name);
    if (vector === null) throw new Error(`there is no column ${name}`);
    return (row) => vector.get(row) as T;
  };
  const textsOf = (name: string) => readTexts(batch, name) as (row: number) => string;
  const text = {
    id: textsOf('id'),
    pipeline: textsOf('pipeline'),
    host: textsOf('host'),
    platform: textsOf('platform'),
    cpu: textsOf('cpu'),
    node: textsOf('node'),
  };
  const optional = (['name', 'notes', 'stage', 'commit', 'backend', 'substitution'] as const).map(
    (name) => [name, readTexts(batch, name)] as const,
  );
  const number = {
    revision: get<number>('revision'),
    finishedAt: get<number>('finishedAt'),
    seconds: get<number>('seconds'),
    cores: get<number>('cores'),
    memoryBytes: get<number>('memoryBytes'),
  };
  const dirty = get<boolean>('dirty');
  const stages = readStructLists(batch, 'stages');
  const metrics = readStructLists(batch, 'metrics');
  const meanings = batch.getChild('meanings') === null ? undefined : readStructLists(batch, 'meanings');

  return Array.from({ length: batch.numRows }, (_, row): Run => {
    const run: Omit<Run, 'stages'> = {
      id: text.id(row),
      revision: number.revision(row),
      pipeline: text.pipeline(row),
      finishedAt: new Date(number.finishedAt(row)).toISOString(),
      seconds: number.seconds(row),
      dirty: dirty(row),
      machine: {
        host: text.host(row),
        platform: text.platform(row),
        cpu: text.cpu(row),
        cores: number.cores(row),
        memoryBytes: number.memoryBytes(row),
        node: text.node(row),
      },
    };
    for (const [name, value] of optional) {
      const present = value(row);
      if (present !== null) run[name] = present;
    }
    return late(run, 'stages', () => decodeStages({ stages, metrics, meanings }, row));
  });
}

/** Adds a property that is computed when it is first asked for. */
function late<T extends object, K extends string, V>(target: T, name: K, compute: () => V): T & Record<K, V> {
  const options = { enumerable: true, configurable: true };
  const get = (): V => {
    const value = compute();
    Object.defineProperty(target, name, { ...options, writable: true, value });
    return value;
  };
  return Object.defineProperty(target, name, { ...options, get }) as T & Record<K, V>;
}

/** Columns of lists of structs; the last is not in tables of before it was kept. */
interface Lists {
  stages: StructLists;
  metrics: StructLists;
  meanings: StructLists | undefined;
}

function decodeStages({ stages, metrics, meanings }: Lists, row: number): Record<string, StageRun> {
  const decoded = byName<StageRun>();
  for (let at = stages.offsets[row]!; at < stages.offsets[row + 1]!; at++) {
    const stage = stages.columns['stage']!.get(at) as string;
    late(decoded, stage, () => {
      const own = decodeMeanings(meanings, row, stage);
      return { ...decodeStage(stages, at, decodeMetrics(metrics, row, stage)), ...(own && { meanings: own }) };
    });
  }
  return decoded;
}

function decodeStage({ columns }: StructLists, at: number, metrics: StageRun['metrics']): StageRun {
  const of = <T>(name: string): T => columns[name]!.get(at) as T;
  const json = <T>(name: string): T => JSON.parse(of<string>(name)) as T;
  return {
    stage: of('stage'),
    cached: of('cached'),
    key: of('key'),
    manifest: of('manifest'),
    code: of('code'),
    startedAt: of('startedAt'),
    seconds: of('seconds'),
    bytes: of('bytes'),
    parameters: json('parametersJson'),
    environment: json('environmentJson'),
    inputs: json('inputsJson'),
    metadata: json('metadataJson'),
    highlights: json('highlightsJson'),
    host: json('hostJson'),
    metrics,
  };
}

/** Of one stage, by name. */
function decodeMetrics({ offsets, columns }: StructLists, row: number, stage: string): StageRun['metrics'] {
  const metrics = byName<number>();
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    if (columns['stage']!.get(at) === stage)
      metrics[columns['name']!.get(at) as string] = columns['value']!.get(at) as number;
  }
  return metrics;
}

/** What the metrics of one stage are, by name; undefined where that was not kept. */
function decodeMeanings(
  lists: StructLists | undefined,
  row: number,
  stage: string,
): Record<string, MetricMeaning> | undefined {
  if (lists === undefined) return undefined;
  const { offsets, columns } = lists;
  const meanings = byName<MetricMeaning>();
  const of = <T>(name: string, at: number): T | undefined => (columns[name]!.get(at) as T | null) ?? undefined;
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    if (of('stage', at) !== stage) continue;
    const [unit, better] = [of<string>('unit', at), of<'lower' | 'higher'>('better', at)];
    const [model, measure] = [of<string>('lossModel', at), of<LossMeasure>('lossMeasure', at)];
    meanings[of<string>('name', at)!] = {
      ...(unit !== undefined && { unit }),
      ...(better !== undefined && { better }),
      ...(of<boolean>('perToken', at) && { perToken: true }),
      ...(model !== undefined && measure !== undefined && { loss: { model, measure } }),
    };
  }
  return Object.keys(meanings).length === 0 ? undefined : meanings;
}
