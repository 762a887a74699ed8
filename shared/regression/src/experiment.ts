/** @file Whether a run and a baseline are of one experiment: only then do their numbers say anything about each other. */
import { UserError } from '@arrowsmith/errors';
import { canonicalJson, type Json } from '@arrowsmith/artifacts/store';
import {
  aboutInputs,
  isObject,
  type JsonObject,
  type Override,
  parseParameters,
  type Pipeline,
  type StageDeclaration,
} from '@arrowsmith/pipeline';
import type { Baseline } from './baseline.ts';

/** The parameter over which noise is measured: of every step that learns. */
export const SEED = 'seed';

/** The steps that learn: those that have a seed. */
export const trainings = ({ steps }: Pick<Pipeline, 'steps'>): string[] =>
  Object.keys(steps).filter((step) => typeof steps[step]!.parameters[SEED] === 'number');

/** What gives all of them a seed. */
export const seedOverrides = (pipeline: Pick<Pipeline, 'steps'>, seed: number): Override[] =>
  trainings(pipeline).map((step) => ({ path: [step, SEED], value: seed, written: `${step}.${SEED}=${seed}` }));

/** Longer lists of differences are cut: so many parameters are another pipeline. */
const SHOWN = 8;

type Declarations = ReadonlyMap<string, StageDeclaration>;

/** How training would compute here. @throws UserError when the pipeline trains nothing, or the backend is not there */
export function engineOf(pipeline: Pipeline, declarations: Declarations): Record<string, string> {
  const [training] = trainings(pipeline);
  if (training === undefined) {
    throw new UserError({
      what: `pipeline ${pipeline.name} trains nothing`,
      expected: 'a pipeline with a step that has a seed, which gives the noise to compare with',
      found: Object.keys(pipeline.steps).join(', '),
      fix: 'name another: npx nx run pipeline:regression --pipeline=ci',
    });
  }
  const { stage, parameters, inputs } = pipeline.steps[training]!;
  return declarations.get(stage)!.environment?.(parameters, aboutInputs(inputs, pipeline.steps)) ?? {};
}

/** The seed that the pipeline file gives to training. */
export function ownSeed(pipeline: Pipeline): number {
  return pipeline.steps[trainings(pipeline)[0]!]!.parameters[SEED] as number;
}

/**
 * Compares what is about to run with what the baseline was measured on: parameters but for the seed and those that cannot change a
 * result, and the backend and its precision. The instruction set may be another; its rounding is far below the noise of seeds.
 *
 * @param anyBackend compares across backends
 * @throws UserError naming everything that differs
 */
export function checkExperiment(
  pipeline: Pipeline,
  declarations: Declarations,
  baseline: Baseline,
  { anyBackend = false }: { anyBackend?: boolean } = {},
): void {
  const differing = differingParameters(pipeline, declarations, baseline);
  if (differing.length > 0) {
    const more = differing.length > SHOWN ? [`and ${differing.length - SHOWN} more`] : [];
    throw new UserError({
      what: `the baseline describes another experiment: ${differing.length === 1 ? 'a parameter differs' : `${differing.length} parameters differ`}`,
      where: `pipelines/baselines/${pipeline.name}.json`,
      found: [...differing.slice(0, SHOWN), ...more].join('\n             '),
      fix: `undo the change, or measure and commit a new baseline: npx nx run pipeline:baseline --pipeline=${pipeline.name}`,
    });
  }
  const { backend, precision } = engineOf(pipeline, declarations) as Baseline['engine'];
  const wanted = baseline.engine;
  if (precision !== wanted.precision || (backend !== wanted.backend && !anyBackend)) {
    throw new UserError({
      what: 'the baseline was measured on another backend or in another precision',
      expected: `backend ${wanted.backend}, precision ${wanted.precision}`,
      found: `backend ${backend}, precision ${precision}`,
      fix:
        precision === wanted.precision
          ? `ARROWSMITH_BACKEND=${wanted.backend} (npm run doctor says what is here), or compare across backends: --any-backend`
          : `set ${trainings(pipeline)[0]!}.precision to ${wanted.precision === 'f32' ? 'f32' : 'bf16, on a processor that has it'}, or measure a new baseline: npx nx run pipeline:baseline --pipeline=${pipeline.name}`,
    });
  }
}

/**
 * `train.steps: 600 in the baseline, 300 now` … A parameter that was added to a stage since, and has its default, makes no difference.
 */
export function differingParameters(pipeline: Pipeline, declarations: Declarations, baseline: Baseline): string[] {
  const steps = new Set([...Object.keys(baseline.parameters), ...Object.keys(pipeline.steps)]);
  return [...steps].flatMap((step) => {
    const then = baseline.parameters[step];
    const now = pipeline.steps[step];
    if (now === undefined) return [`step ${step}: only in the baseline`];
    if (then === undefined) return [`step ${step}: not in the baseline`];
    const declaration = declarations.get(now.stage)!;
    return differences(
      keyParametersButSeed(declaration, withDefaults(declaration, then)),
      keyParametersButSeed(declaration, now.parameters),
      step,
    );
  });
}

/** The baseline's parameters as this version reads them; as they are, where it cannot. */
function withDefaults(declaration: StageDeclaration, parameters: JsonObject): JsonObject {
  try {
    return parseParameters(declaration, parameters, []);
  } catch (error) {
    if (error instanceof UserError) return parameters;
    throw error;
  }
}

/** The parameters that results depend on, but for the seed. */
function keyParametersButSeed({ notInKey = [] }: StageDeclaration, parameters: JsonObject): JsonObject {
  const ignored = [...notInKey, SEED];
  return Object.fromEntries(Object.entries(parameters).filter(([key]) => !ignored.includes(key)));
}

function differences(then: unknown, now: unknown, path: string): string[] {
  if (isObject(then) && isObject(now)) {
    const keys = new Set([...Object.keys(then), ...Object.keys(now)]);
    const of = (object: JsonObject, key: string) => (Object.hasOwn(object, key) ? object[key] : undefined);
    return [...keys].flatMap((key) => differences(of(then, key), of(now, key), `${path}.${key}`));
  }
  const [a, b] = [then, now].map((value) => (value === undefined ? 'nothing' : canonicalJson(value as Json)));
  return a === b ? [] : [`${path}: ${a} in the baseline, ${b} now`];
}

/** @throws UserError when the run learnt from other text than the baseline's: one of them from what stood in for what was out of reach */
export function checkText(
  { pipeline, measured: { substitution: then } }: Pick<Baseline, 'pipeline' | 'measured'>,
  { substitution: now }: { substitution?: string },
): void {
  if (then === now) return;
  throw new UserError({
    what: 'the baseline was measured on other text',
    where: `pipelines/baselines/${pipeline}.json`,
    expected: then ?? 'the text that the pipeline names',
    found: now ?? 'the text that the pipeline names',
    fix: 'run it where the same source is in reach, or guard a pipeline whose text is always there (ci)',
  });
}
