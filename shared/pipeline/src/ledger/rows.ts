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
  runDeclarationsList,
  runMetricsList,
  runStagesList,
  runStepsList,
  strings,
  structLists,
  type StructLists,
  timestamps,
} from '@arrowsmith/artifacts';
import type { LossMeasure, MetricMeaning } from '../metric.ts';
import type { Changes } from '../overrides.ts';
import type { ArtifactKind } from '../ports.ts';
import { asStep } from './before-steps.ts';
import { byName, type Run, type StepRun } from './run.ts';

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
    stage: optional(({ step }) => step),
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
    steps: stepsColumn(runs),
    declarations: declarationsColumn(runs),
    changesJson: optional(({ changes }) => changes && JSON.stringify(changes)),
  };
}

function metricsColumn(runs: readonly Run[]): Column {
  const ofRuns = runs.map(({ steps }) =>
    Object.entries(steps).flatMap(([step, { metrics }]) =>
      Object.entries(metrics).map(([name, value]) => ({ step, name, value })),
    ),
  );
  const all = ofRuns.flat();
  return structLists(
    runMetricsList,
    ofRuns.map(({ length }) => length),
    {
      stage: strings(all.map(({ step }) => step)),
      name: strings(all.map(({ name }) => name)),
      value: numbers(Float64Array.from(all, ({ value }) => value)),
    },
  );
}

function meaningsColumn(runs: readonly Run[]): Column {
  const ofRuns = runs.map(({ steps }) =>
    Object.entries(steps).flatMap(([step, { meanings = {} }]) =>
      Object.entries(meanings).map(([name, meaning]) => ({ ...meaning, step, name })),
    ),
  );
  const all = ofRuns.flat();
  return structLists(
    runMeaningsList,
    ofRuns.map(({ length }) => length),
    {
      stage: strings(all.map(({ step }) => step)),
      name: strings(all.map(({ name }) => name)),
      unit: optionalStrings(all.map(({ unit }) => unit)),
      better: optionalStrings(all.map(({ better }) => better)),
      perToken: booleans(all.map(({ perToken }) => perToken === true)),
      lossModel: optionalStrings(all.map(({ loss }) => loss?.model)),
      lossMeasure: optionalStrings(all.map(({ loss }) => loss?.measure)),
    },
  );
}

function declarationsColumn(runs: readonly Run[]): Column {
  const ofRuns = runs.map(({ steps }) =>
    Object.entries(steps).flatMap(([step, { meanings = {} }]) =>
      Object.entries(meanings).flatMap(([name, { model, headline = false }]) =>
        model === undefined && !headline ? [] : [{ step, name, model, headline }],
      ),
    ),
  );
  const all = ofRuns.flat();
  return structLists(
    runDeclarationsList,
    ofRuns.map(({ length }) => length),
    {
      step: strings(all.map(({ step }) => step)),
      name: strings(all.map(({ name }) => name)),
      model: optionalStrings(all.map(({ model }) => model)),
      headline: booleans(all.map(({ headline }) => headline)),
    },
  );
}

/** The steps of all runs, and how many each has. */
function allSteps(runs: readonly Run[]): { all: StepRun[]; lengths: number[] } {
  const all = runs.flatMap(({ steps }) => Object.entries(steps).map(([step, record]) => ({ ...record, step })));
  return { all, lengths: runs.map(({ steps }) => Object.keys(steps).length) };
}

function stepsColumn(runs: readonly Run[]): Column {
  const { all, lengths } = allSteps(runs);
  return structLists(runStepsList, lengths, {
    step: strings(all.map(({ step }) => step)),
    stage: strings(all.map(({ stage }) => stage)),
    makes: strings(all.map(({ makes }) => makes.join(' '))),
  });
}

function stagesColumn(runs: readonly Run[]): Column {
  const { all, lengths } = allSteps(runs);
  const text = (of: (step: StepRun) => string) => strings(all.map(of));
  const json = (of: (step: StepRun) => unknown) => strings(all.map((step) => JSON.stringify(of(step) ?? null)));
  return structLists(runStagesList, lengths, {
    stage: text(({ step }) => step),
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
  });
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
  const optional = (['name', 'notes', 'commit', 'backend', 'substitution'] as const).map(
    (name) => [name, readTexts(batch, name)] as const,
  );
  const number = {
    revision: get<number>('revision'),
    finishedAt: get<number>('finishedAt'),
    seconds: get<number>('seconds'),
    cores: get<number>('cores'),
    memoryBytes: get<number>('memoryBytes'),
  };
  const stepAlone = readTexts(batch, 'stage');
  const changes = batch.getChild('changesJson') === null ? undefined : readTexts(batch, 'changesJson');
  const dirty = get<boolean>('dirty');
  const stages = readStructLists(batch, 'stages');
  const metrics = readStructLists(batch, 'metrics');
  const late = (name: string) => (batch.getChild(name) === null ? undefined : readStructLists(batch, name));
  const lists: Lists = {
    stages,
    metrics,
    meanings: late('meanings'),
    steps: late('steps'),
    declarations: late('declarations'),
  };

  return Array.from({ length: batch.numRows }, (_, row): Run => {
    const run: Omit<Run, 'steps'> = {
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
    const alone = stepAlone(row);
    if (alone !== null) run.step = alone;
    const changed = changes?.(row) ?? null;
    if (changed !== null) run.changes = JSON.parse(changed) as Changes;
    return lazily(run, 'steps', () => decodeSteps(lists, row));
  });
}

/** Adds a property that is computed when it is first asked for. */
function lazily<T extends object, K extends string, V>(target: T, name: K, compute: () => V): T & Record<K, V> {
  const options = { enumerable: true, configurable: true };
  const get = (): V => {
    const value = compute();
    Object.defineProperty(target, name, { ...options, writable: true, value });
    return value;
  };
  return Object.defineProperty(target, name, { ...options, get }) as T & Record<K, V>;
}

/** Columns of lists of structs; the last three are not in tables of before they were kept. */
interface Lists {
  stages: StructLists;
  metrics: StructLists;
  meanings: StructLists | undefined;
  steps: StructLists | undefined;
  declarations: StructLists | undefined;
}

function decodeSteps({ stages, metrics, meanings, steps, declarations }: Lists, row: number): Record<string, StepRun> {
  const decoded = byName<StepRun>();
  const text = (of: StructLists, name: string, at: number) => of.columns[name]!.get(at) as string;
  for (let i = 0, at = stages.offsets[row]!; at < stages.offsets[row + 1]!; i++, at++) {
    const step = text(stages, 'stage', at);
    lazily(decoded, step, () => {
      const own = declared(decodeMeanings(meanings, row, step), declarations, row, step);
      const known = {
        step,
        ...decodeStep(stages, at, decodeMetrics(metrics, row, step)),
        ...(own && { meanings: own }),
      };
      if (steps === undefined) return asStep(known);
      const told = steps.offsets[row]! + i;
      return {
        ...known,
        stage: text(steps, 'stage', told),
        makes: text(steps, 'makes', told).split(' ') as ArtifactKind[],
      };
    });
  }
  return decoded;
}

/** All of a step but what it is. */
function decodeStep({ columns }: StructLists, at: number, metrics: StepRun['metrics']) {
  const of = <T>(name: string): T => columns[name]!.get(at) as T;
  const json = <T>(name: string): T => JSON.parse(of<string>(name)) as T;
  return {
    cached: of<boolean>('cached'),
    key: of<string>('key'),
    manifest: of<string>('manifest'),
    code: of<string>('code'),
    startedAt: of<string>('startedAt'),
    seconds: of<number>('seconds'),
    bytes: of<number>('bytes'),
    parameters: json<unknown>('parametersJson'),
    environment: json<StepRun['environment']>('environmentJson'),
    inputs: json<StepRun['inputs']>('inputsJson'),
    metadata: json<StepRun['metadata']>('metadataJson'),
    highlights: json<StepRun['highlights']>('highlightsJson'),
    host: json<StepRun['host']>('hostJson'),
    metrics,
  };
}

/** Of one step, by name. */
function decodeMetrics({ offsets, columns }: StructLists, row: number, step: string): StepRun['metrics'] {
  const metrics = byName<number>();
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    if (columns['stage']!.get(at) === step)
      metrics[columns['name']!.get(at) as string] = columns['value']!.get(at) as number;
  }
  return metrics;
}

/** What the metrics of one step are, by name; undefined where that was not kept. */
function decodeMeanings(
  lists: StructLists | undefined,
  row: number,
  step: string,
): Record<string, MetricMeaning> | undefined {
  if (lists === undefined) return undefined;
  const { offsets, columns } = lists;
  const meanings = byName<MetricMeaning>();
  const of = <T>(name: string, at: number): T | undefined => (columns[name]!.get(at) as T | null) ?? undefined;
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    if (of('stage', at) !== step) continue;
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

/** Adds what metrics say of themselves elsewhere. */
function declared(
  meanings: Record<string, MetricMeaning> | undefined,
  lists: StructLists | undefined,
  row: number,
  step: string,
): Record<string, MetricMeaning> | undefined {
  if (lists === undefined) return meanings;
  const all = meanings ?? byName<MetricMeaning>();
  const { offsets, columns } = lists;
  for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
    if (columns['step']!.get(at) !== step) continue;
    const name = columns['name']!.get(at) as string;
    const model = columns['model']!.get(at) as string | null;
    all[name] = {
      ...all[name],
      ...(model !== null && { model }),
      ...((columns['headline']!.get(at) as boolean) && { headline: true }),
    };
  }
  return Object.keys(all).length === 0 ? undefined : all;
}
