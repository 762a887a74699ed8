/**
 * @file A baseline: what a pipeline's runs with several seeds gave, and how far another run may be from that. The committed file
 * `pipelines/baselines/<pipeline>.json`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import * as z from 'zod';
import { writeFileAtomic } from '@arrowsmith/artifacts/store';
import { UserError } from '@arrowsmith/errors';
import type { Workspace } from '@arrowsmith/pipeline';
import { deviation, mean, toleranceFactor, toleranceInterval } from './interval.ts';

/** Version of the file's format. */
export const BASELINE_FORMAT = 2;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal');
const json = z.record(z.string(), z.unknown());

const metricSchema = z.strictObject({
  /** exact: the same in every run, whatever the seed. interval: within the noise of the seeds. */
  rule: z.enum(['exact', 'interval']),
  /** Where it may go without harm; see {@link Direction}. */
  direction: z.enum(['lower', 'higher', 'both']),
  /** One per seed. */
  values: z.array(z.number()).min(1),
  mean: z.number(),
  /** Standard deviation of `values`; 0 for an exact metric. */
  deviation: z.number().min(0),
  /** A value of another run passes from here … */
  lowest: z.number().nullable(),
  /** … to here; null: no limit. */
  highest: z.number().nullable(),
});

export const baselineSchema = z
  .strictObject({
    format: z.literal(BASELINE_FORMAT),
    pipeline: z.string().min(1),
    /** The experiment: every parameter of every step, defaults filled in. */
    parameters: z.record(z.string(), json),
    /** How training computed. */
    engine: z.strictObject({ backend: z.string(), precision: z.string() }),
    /** Where the numbers come from. */
    measured: z.strictObject({
      at: z.iso.datetime(),
      /** The commit that was checked out; with `+` where files differed from it. Absent without git. */
      commit: z
        .string()
        .regex(/^[0-9a-f]{7,64}\+?$/, 'a commit in hexadecimal')
        .optional(),
      instructionSet: z.string().optional(),
      /** Set when the text stood in for what the pipeline asks for. */
      substitution: z.string().optional(),
      host: z.strictObject({ platform: z.string(), arch: z.string(), cpu: z.string(), node: z.string() }),
    }),
    noise: z.strictObject({
      /** The seed of training in each run; the first is the pipeline file's own. */
      seeds: z.array(z.int().min(0)).min(2),
      /** How often the gate may fail for no reason, over all metrics. */
      falseAlarmRate: z.number().gt(0).lt(1),
      /** Metrics with the rule `interval`, which share that rate. */
      comparisons: z.int().min(0),
      /** Standard deviations from the mean that pass. */
      factor: z.number().positive(),
    }),
    /** By `step.metric`. */
    metrics: z.record(z.string(), metricSchema),
    /** Digests of contents that are the same in every run, by `step.content`. */
    digests: z.record(z.string(), sha256),
    /** What the run with the pipeline file's own seed made, step by step in the order in which they run. */
    artifacts: z.record(
      z.string(),
      z.strictObject({
        stage: z.string(),
        manifest: sha256,
        /** Identity of the stage's code. */
        code: z.string(),
        files: z.record(z.string(), sha256),
      }),
    ),
  })
  .superRefine(checkConsistency);

export type Baseline = z.infer<typeof baselineSchema>;
export type BaselineMetric = z.infer<typeof metricSchema>;

/** A rarer one is lost in rounding where limits are computed; the gate's own is thousands of times as often. */
const LEAST_RATE = 1e-8;

/** The limits follow from the measured values; a limit that does not was changed by hand. */
function checkConsistency({ metrics, noise }: Omit<Baseline, 'format'>, context: z.RefinementCtx): void {
  const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  const { seeds, falseAlarmRate, comparisons, factor } = noise;
  if (seeds.length < 2) return; // which the schema says
  const compared = Object.values(metrics).filter(({ rule }) => rule === 'interval').length;
  if (comparisons !== compared)
    issue(['noise', 'comparisons'], `${comparisons}, but ${compared} metrics have intervals`);
  else if (falseAlarmRate < LEAST_RATE * compared)
    issue(['noise', 'falseAlarmRate'], `${falseAlarmRate}, where ${LEAST_RATE} for each interval is the least`);
  else if (
    compared > 0 &&
    falseAlarmRate < 1 &&
    !agree(factor, toleranceFactor(seeds.length, compared, falseAlarmRate))
  )
    issue(['noise', 'factor'], 'does not follow from seeds, comparisons and falseAlarmRate');
  for (const [name, metric] of Object.entries(metrics)) {
    const { values, rule, direction, lowest, highest } = metric;
    if (values.length !== seeds.length) {
      issue(['metrics', name, 'values'], `${values.length} values for ${seeds.length} seeds`);
      continue;
    }
    const expected =
      rule === 'exact' ? { lowest: values[0]!, highest: values[0]! } : toleranceInterval(values, factor, direction);
    const follows =
      agree(metric.mean, mean(values)) &&
      agree(metric.deviation, rule === 'exact' ? 0 : deviation(values)) &&
      agree(lowest, expected.lowest) &&
      agree(highest, expected.highest) &&
      (rule === 'interval' || values.every((value) => value === values[0]));
    if (!follows) issue(['metrics', name], 'mean, deviation and limits do not follow from values');
  }
}

/** Equal but for the rounding of sums in another order. */
function agree(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-12);
}

const folder = ({ root }: Pick<Workspace, 'root'>): string => join(root, 'pipelines', 'baselines');

export function baselinePath(workspace: Pick<Workspace, 'root'>, pipeline: string): string {
  return join(folder(workspace), `${pipeline}.json`);
}

/** Pipelines that have a baseline. */
export async function baselineNames(workspace: Pick<Workspace, 'root'>): Promise<string[]> {
  const files = await readdir(folder(workspace)).catch(() => []);
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

/**
 * Reads a pipeline's baseline.
 * @throws UserError when there is none, or it is damaged, of another format version, or of another pipeline
 */
export async function readBaseline(workspace: Pick<Workspace, 'root'>, pipeline: string): Promise<Baseline> {
  const path = baselinePath(workspace, pipeline);
  const where = relative(workspace.root, path);
  const renew = `npx nx run pipeline:baseline --pipeline=${pipeline}`;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      throw new UserError(
        {
          what: 'the baseline cannot be read',
          where,
          expected: 'a file of JSON',
          found: code === 'EISDIR' ? 'a folder' : message,
          fix: `restore it (git checkout -- ${where}), or measure a new one: ${renew}`,
        },
        { cause: error },
      );
    }
    const others = await baselineNames(workspace);
    throw new UserError({
      what: `pipeline ${pipeline} has no baseline yet`,
      where,
      expected:
        others.length === 0 ? 'a committed baseline' : `a committed baseline; there is one of ${others.join(', ')}`,
      fix: `measure one and commit it: ${renew}`,
    });
  }
  const restore = `restore it (git checkout -- ${where}), or measure a new one: ${renew}`;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    const found = (cause as Error).message;
    throw new UserError({ what: 'the baseline is damaged', where, expected: 'JSON', found, fix: restore }, { cause });
  }
  const { format, pipeline: named } = (content ?? {}) as { format?: unknown; pipeline?: unknown };
  if (typeof format === 'number' && format !== BASELINE_FORMAT) {
    throw new UserError({
      what: 'the baseline has another format',
      where,
      expected: `format ${BASELINE_FORMAT}`,
      found: `format ${format}`,
      fix:
        format > BASELINE_FORMAT
          ? `it was made by a later version of this program: update, or ${renew}`
          : `measure a new one: ${renew}`,
    });
  }
  if (typeof named === 'string' && named !== pipeline) {
    throw new UserError({
      what: 'the baseline is of another pipeline',
      where,
      expected: `pipeline ${pipeline}`,
      found: `pipeline ${named}`,
      fix: `a copied or renamed file is no baseline; measure one: ${renew}`,
    });
  }
  const parsed = baselineSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || 'file'}: ${message}`);
  throw new UserError({
    what: 'the baseline is damaged',
    where,
    expected: `a baseline of format ${BASELINE_FORMAT}`,
    found: issues.slice(0, SHOWN_ISSUES).join('; ') + (issues.length > SHOWN_ISSUES ? '; …' : ''),
    fix: restore,
  });
}

/** More say no more: the file is damaged. */
const SHOWN_ISSUES = 3;

/** Creates or replaces a pipeline's baseline, whole or not at all. @returns the file's path */
export async function writeBaseline(workspace: Pick<Workspace, 'root'>, baseline: Baseline): Promise<string> {
  const path = baselinePath(workspace, baseline.pipeline);
  await writeFileAtomic(path, `${JSON.stringify(baselineSchema.parse(baseline), null, 2)}\n`);
  return path;
}
