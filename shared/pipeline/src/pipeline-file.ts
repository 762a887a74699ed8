/** @file Pipelines: files merged along `extends`, changed by overrides, checked against the stages' own parameter schemas. */
import { z } from 'zod';
import { UserError } from '@arrowsmith/errors';
import { applyOverrides, isObject, type Override } from './overrides.ts';
import { issueLines, parameterName } from './parameter-issues.ts';
import { at, readSources, type Source } from './pipeline-source.ts';
import type { JsonObject, StageDeclaration } from './stage.ts';
import { withInputs } from './stage-order.ts';

/** A pipeline whose every parameter was checked and has its default. */
export interface Pipeline {
  name: string;
  description: string;
  /** Parameters of each of its stages, in the order in which they run. */
  stages: Record<string, JsonObject>;
}

/** The shape of a pipeline file; parameters may be left to the pipeline that it extends. */
export function pipelineSchema(declarations: ReadonlyMap<string, StageDeclaration>) {
  const stages = [...declarations].map(([name, { parameters, description }]) => [
    name,
    parameters.optional().describe(description),
  ]);
  return z.strictObject({
    description: z.string().optional().describe('What the pipeline is for, in one line'),
    extends: z.string().optional().describe('Name of the pipeline whose parameters this one changes'),
    stages: z
      .strictObject(Object.fromEntries(stages) as Record<string, z.ZodType>)
      .optional()
      .describe('Parameters by stage'),
  });
}

/** The JSON Schema of pipeline files, for editors. Nothing is required in it: a file may extend another. */
export function pipelineJsonSchema(declarations: ReadonlyMap<string, StageDeclaration>): JsonObject {
  const schema = z.toJSONSchema(pipelineSchema(declarations), { io: 'input', target: 'draft-7' });
  return withoutRequired({ title: 'Arrowsmith pipeline', ...schema }) as JsonObject;
}

function withoutRequired(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRequired);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([key, inner]) => !(key === 'required' && Array.isArray(inner)));
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutRequired(inner)]));
}

/**
 * Reads `pipelines/<name>.yaml` with everything it extends.
 * @param overrides changed parameters; paths begin with a stage
 * @throws UserError naming file, line and key for broken YAML, unknown stages and parameters, wrong types, circular `extends`, no stages
 */
export function loadPipeline(
  root: string,
  name: string,
  declarations: ReadonlyMap<string, StageDeclaration>,
  overrides: readonly Override[] = [],
): Pipeline {
  const sources = readSources(root, name); // the file itself first, then what it extends
  let content: JsonObject = {};
  for (const source of sources.toReversed()) content = merge(content, source.content);
  delete content['extends'];
  checkStages(sources[0]!, (content['stages'] ?? {}) as JsonObject, overrides, declarations);
  content = applyOverrides(content, overrides.map(inStages));

  const schema = pipelineSchema(declarations);
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    const where = (path: readonly PropertyKey[]) => `${locate(path, sources, overrides)}: `;
    // What was right in the file and no longer fits what PIPELINE_SET says.
    const unfit = parsed.error.issues
      .filter(({ code, path }) => code === 'custom' && setsStage(overrides, path) && !isSet(overrides, path))
      .map(({ path }) => parameterName(path));
    throw new UserError({
      what: issueLines(sayNothing(parsed.error, sources), schema, where).join('\n'),
      where: `pipeline ${name}`,
      fix:
        unfit.length > 0
          ? `change ${unfit.join(' and ')}, too: PIPELINE_SET=${quoted([...overrides.map(assignment), ...unfit.map((parameter) => `${parameter}=<value>`)].join(','))}`
          : 'mend the lines named above; editors that know pipelines/pipeline.schema.json complete and check these keys',
    });
  }
  const stages = (parsed.data.stages ?? {}) as Record<string, JsonObject | undefined>;
  const present = Object.fromEntries(Object.entries(stages).filter(([, parameters]) => parameters !== undefined));
  checkInputs(sources[0]!, present, declarations);
  return {
    name,
    description: parsed.data.description ?? '',
    stages: inOrder(present as Record<string, JsonObject>, declarations),
  };
}

/** Stages in the order in which they run: each after its inputs. */
const inOrder = (
  stages: Record<string, JsonObject>,
  declarations: ReadonlyMap<string, StageDeclaration>,
): Record<string, JsonObject> =>
  Object.fromEntries(withInputs(Object.keys(stages), declarations).map((stage) => [stage, stages[stage]!]));

const inStages = ({ path, ...rest }: Override): Override => ({ ...rest, path: ['stages', ...path] });

/**
 * Values of `over` replace those of `base`, objects key by key. An object of another `type` is another thing and replaces it whole.
 * A key without a value (`quantize:`) is an empty object: all defaults.
 */
function merge(base: JsonObject, over: JsonObject): JsonObject {
  const otherType = base['type'] !== undefined && over['type'] !== undefined && base['type'] !== over['type'];
  const result = otherType ? {} : { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = result[key];
    result[key] = value === null || isObject(value) ? merge(isObject(old) ? old : {}, value ?? {}) : value;
  }
  return result;
}

/** There is something to run, and overrides change it but add no stage. */
function checkStages(
  source: Source,
  stages: JsonObject,
  overrides: readonly Override[],
  declarations: ReadonlyMap<string, StageDeclaration>,
): void {
  const present = Object.keys(stages);
  if (present.length === 0) {
    throw new UserError({
      what: `${source.file}:1: a pipeline without stages`,
      expected: `stages, of ${[...declarations.keys()].join(', ')}`,
      fix: 'add `stages:` with the stages to run, or `extends:` with the name of a pipeline that has some',
    });
  }
  const added = overrides.find(({ path }) => declarations.has(path[0]!) && !present.includes(path[0]!));
  if (added !== undefined) {
    throw new UserError({
      what: `${added.written}: the pipeline has no stage ${added.path[0]}`,
      where: source.file,
      expected: `a parameter of ${present.join(', ')}`,
      fix: `add \`${added.path[0]}:\` under stages, or choose another pipeline`,
    });
  }
}

function checkInputs(source: Source, stages: JsonObject, declarations: ReadonlyMap<string, StageDeclaration>): void {
  for (const stage of Object.keys(stages)) {
    const missing = declarations.get(stage)!.inputs.filter((input) => !Object.hasOwn(stages, input));
    if (missing.length > 0) {
      throw new UserError({
        what: `${at(source, ['stages', stage])}: stage ${stage} needs the stage ${missing.join(' and ')}`,
        expected: `stages ${declarations.get(stage)!.inputs.join(', ')} in the same pipeline`,
        found: Object.keys(stages).join(', '),
        fix: `add \`${missing[0]}:\` under stages`,
      });
    }
  }
}

/** Whether an override has another parameter of the same stage. */
const setsStage = (overrides: readonly Override[], path: readonly PropertyKey[]): boolean =>
  overrides.some((override) => override.path[0] === path[1]);

/** Whether a parameter, or an object that holds it, was given by an override. */
const isSet = (overrides: readonly Override[], path: readonly PropertyKey[]): boolean =>
  overrides.some((override) => `${parameterName(path)}.`.startsWith(`${override.path.join('.')}.`));

/** An override as PIPELINE_SET has it. */
const assignment = ({ path, value }: Override): string =>
  `${path.join('.')}=${typeof value === 'string' ? value : JSON.stringify(value)}`;

/** Text as one word of a shell's command line. */
const quoted = (text: string): string => (/^[\w.,=+-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** A key without a value was read as an empty object; where that is not what belongs there, it is called nothing. */
function sayNothing(error: z.ZodError, sources: readonly Source[]): z.ZodError {
  const isNothing = (path: readonly PropertyKey[]): boolean =>
    sources.find(({ document }) => document.hasIn(path))?.document.getIn(path) === null;
  return new z.ZodError(
    error.issues.map((issue) =>
      isNothing(issue.path)
        ? { ...issue, message: issue.message.replace('received object', 'received nothing') }
        : issue,
    ),
  );
}

/** Where a value was written: PIPELINE_SET, a flag, the file itself, or a file it extends. */
function locate(path: readonly PropertyKey[], sources: readonly Source[], overrides: readonly Override[]): string {
  const name = parameterName(path);
  const source = sources.find(({ document }) => document.hasIn(path));
  const inSet = overrides.find((override) => {
    const set = override.path.join('.');
    return `${name}.`.startsWith(`${set}.`) || (source === undefined && set.startsWith(`${name}.`));
  });
  if (inSet !== undefined) return inSet.written;
  return at(source ?? sources[0]!, path);
}

/**
 * Checks a stage's parameters by themselves, after command-line flags changed them.
 * @throws UserError naming the parameter
 */
export function parseParameters(
  { name, parameters: schema }: StageDeclaration,
  parameters: JsonObject,
  flags: readonly Override[],
): JsonObject {
  const parsed = schema.safeParse(applyOverrides(parameters, flags));
  if (parsed.success) return parsed.data;
  // What was right without the flags and no longer fits them.
  const unfit = parsed.error.issues
    .filter(({ code, path }) => code === 'custom' && flags.length > 0 && !isSet(flags, path))
    .map(({ path }) => parameterName(path));
  throw new UserError({
    what: issueLines(parsed.error, schema, () => '').join('\n'),
    where: [flags.length > 0 ? name : `stage ${name}`, ...flags.map(({ written }) => written)].join(' '),
    fix:
      unfit.length > 0
        ? `change ${unfit.join(' and ')}, too: ${unfit.map((parameter) => `--${parameter}=<value>`).join(' ')}`
        : `mend it; the parameters are described in stages/${name}/src/declaration.ts`,
  });
}
