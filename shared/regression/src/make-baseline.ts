/** @file From the runs of several seeds to a baseline. */
import { UserError } from '@arrowsmith/errors';
import type { Pipeline, Revision } from '@arrowsmith/pipeline';
import { type Baseline, BASELINE_FORMAT, type BaselineMetric } from './baseline.ts';
import { deviation, FALSE_ALARM_RATE, mean, toleranceFactor, toleranceInterval } from './interval.ts';
import type { Measured } from './measure.ts';
import type { Metric } from './metrics.ts';

/**
 * @param runs one per seed; the first is that of the pipeline file's own seed
 * @param now when this was measured
 * @param revision of the sources
 * @throws UserError when what must not depend on the seed does, or what must does not
 */
export function makeBaseline(
  pipeline: Pipeline,
  runs: readonly Measured[],
  { now, revision = { dirty: false } }: { now: Date; revision?: Revision },
): Baseline {
  const [own] = runs as [Measured, ...Measured[]];
  const { guarded } = own;
  const comparisons = guarded.filter(({ rule }) => rule === 'interval').length;
  const factor = toleranceFactor(runs.length, comparisons, FALSE_ALARM_RATE);
  for (const [name, digest] of Object.entries(own.digests)) {
    const other = runs.find(({ digests }) => digests[name] !== digest);
    if (other !== undefined) throw seedMatters(name, own, other, [digest, String(other.digests[name])]);
  }
  const { backend = '', precision = '', instructionSet } = own.engine;
  return {
    format: BASELINE_FORMAT,
    pipeline: pipeline.name,
    parameters: Object.fromEntries(Object.entries(pipeline.steps).map(([step, { parameters }]) => [step, parameters])),
    engine: { backend, precision },
    measured: {
      at: now.toISOString(),
      ...(revision.commit === undefined ? {} : { commit: `${revision.commit}${revision.dirty ? '+' : ''}` }),
      ...(instructionSet === undefined ? {} : { instructionSet }),
      ...(own.substitution === undefined ? {} : { substitution: own.substitution }),
      host: own.host,
    },
    noise: { seeds: runs.map(({ seed }) => seed), falseAlarmRate: FALSE_ALARM_RATE, comparisons, factor },
    metrics: Object.fromEntries(guarded.map((metric) => [metric.name, limits(metric, runs, factor)])),
    digests: own.digests,
    artifacts: own.artifacts,
  };
}

function limits({ name, rule, direction }: Metric, runs: readonly Measured[], factor: number): BaselineMetric {
  const [own] = runs as [Measured, ...Measured[]];
  const values = runs.map(({ metrics }) => metrics[name]!);
  const bad = runs.find(({ metrics }) => !Number.isFinite(metrics[name]));
  if (bad !== undefined) {
    throw new UserError({
      what: `${name} is ${bad.metrics[name]} with seed ${bad.seed}`,
      expected: 'a pipeline that trains well with every seed',
      fix: 'lower the learning rate, or warm up longer',
    });
  }
  const other = runs.find(({ metrics }) => metrics[name] !== values[0]);
  if (rule === 'exact') {
    if (other !== undefined) throw seedMatters(name, own, other, [String(values[0]), String(other.metrics[name])]);
    return { rule, direction, values, mean: values[0]!, deviation: 0, lowest: values[0]!, highest: values[0]! };
  }
  if (other === undefined) {
    throw new UserError({
      what: `${name} is ${values[0]} with every seed`,
      expected: 'noise to derive a tolerance from',
      fix: 'see why the seed has no influence on training',
    });
  }
  return {
    rule,
    direction,
    values,
    mean: mean(values),
    deviation: deviation(values),
    ...toleranceInterval(values, factor, direction),
  };
}

function seedMatters(name: string, own: Measured, other: Measured, [then, now]: readonly [string, string]): UserError {
  return new UserError({
    what: `${name} depends on the seed of training, or changes from run to run`,
    expected: `${then}, as with seed ${own.seed}`,
    found: `${now} with seed ${other.seed}`,
    fix: `see why: step ${name.split('.')[0]} must give the same for the same data`,
  });
}
