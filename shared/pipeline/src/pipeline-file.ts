/** @file Pipelines: files merged along `extends`, changed by overrides, checked against the stages' own parameter schemas. */
import * as z from 'zod';
import { printableLine, UserError } from '@arrowsmith/errors';
import { type Steps, wire, type WrittenStep } from './graph.ts';
import { issuesOfOverrides, overrideError } from './override-issues.ts';
import { applyOverrides, isObject, type Override } from './overrides.ts';
import { issueLines, parameterName } from './parameter-issues.ts';
import { at, readSources, shown, type Source } from './pipeline-source.ts';
import type { JsonObject, StageDeclaration } from './stage.ts';

/** A pipeline whose every parameter was checked and has its default, and whose every step knows what it reads. */
export interface Pipeline {
  name: string;
  description: string;
  /** In the order in which they can run. */
  steps: Steps;
}

type Declarations = ReadonlyMap<string, StageDeclaration>;

/** What a step says beside its parameters. */
const OWN_KEYS = ['stage', 'inputs'] as const;

const inputsSchema = z
  .record(z.string(), z.union([z.string(), z.array(z.string())], 'the name of a step, or a list of them'))
  .describe('By input, the step (or the list of steps) to read; what is not said is wired by kind');

/** The shape of a pipeline with certain steps, without what a step is and reads; parameters may be left to the pipeline that it extends. */
function parametersSchema(steps: Readonly<Record<string, StageDeclaration>>) {
  return z.strictObject({
    description: z.string().optional(),
    steps: z.strictObject(
      Object.fromEntries(Object.entries(steps).map(([name, { parameters }]) => [name, parameters])) as Record<
        string,
        z.ZodType<JsonObject>
      >,
    ),
  });
}

/** The JSON Schema of pipeline files, for editors. Nothing is required in it but the stage of a step that is not called like one. */
export function pipelineJsonSchema(declarations: Declarations): JsonObject {
  const definitions = [...declarations].map(([name, { parameters, description, inputs }]): [string, unknown] => {
    const step = z.toJSONSchema(parameters, { io: 'input', target: 'draft-7' }) as JsonObject;
    const { $schema: _, ...schema } = withoutRequired(step) as JsonObject;
    const source = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] };
    const own = {
      stage: { const: name, description },
      inputs: {
        type: 'object',
        description: inputsSchema.description,
        properties: Object.fromEntries(
          Object.entries(inputs).map(([port, { kind, takes }]) => [
            port,
            { description: `${takes === 'many' ? 'Steps' : 'A step'} of the kind ${kind}`, ...source },
          ]),
        ),
        additionalProperties: false,
      },
    };
    return [name, { ...schema, description, properties: { ...own, ...(schema['properties'] as JsonObject) } }];
  });
  const names = [...declarations.keys()];
  const reference = (name: string) => ({ $ref: `#/definitions/${name}` });
  const left = { enum: [false, null], description: 'false removes the step of the extended pipeline' };
  return {
    title: 'Arrowsmith pipeline',
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: {
      description: { description: 'What the pipeline is for, in one line', type: 'string' },
      extends: { description: 'Name of the pipeline that this one changes', type: 'string' },
      steps: {
        description: 'Steps by name: those called like a stage are of that stage, others say theirs by `stage`',
        type: 'object',
        properties: Object.fromEntries(names.map((name) => [name, { anyOf: [reference(name), left] }])),
        additionalProperties: {
          anyOf: [...names.map((name) => ({ allOf: [{ required: ['stage'] }, reference(name)] })), left],
        },
      },
    },
    additionalProperties: false,
    definitions: Object.fromEntries(definitions),
  };
}

function withoutRequired(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRequired);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([key, inner]) => !(key === 'required' && Array.isArray(inner)));
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutRequired(inner)]));
}

/**
 * Reads `pipelines/<name>.yaml` with everything it extends.
 * @param overrides changed parameters; paths begin with a step, or with a stage for all steps of it
 * @throws UserError naming file, line and key for broken YAML, unknown stages and parameters, wrong types, circular `extends`, no steps, and for
 *   steps that cannot be wired (graph.ts)
 */
export function loadPipeline(
  root: string,
  name: string,
  declarations: Declarations,
  overrides: readonly Override[] = [],
): Pipeline {
  const sources = readSources(root, name); // the file itself first, then what it extends
  let content: JsonObject = {};
  for (const source of sources.toReversed()) content = merge(content, source.content);
  const { written, problems } = writtenSteps(sources, (content['steps'] ?? {}) as JsonObject, declarations);
  const stageOf = Object.fromEntries([...written].map(([step, { stage }]) => [step, declarations.get(stage)!]));
  const expanded = expandStages(overrides, written);
  if (problems.length === 0) refuseOthers(sources[0]!, written, expanded);
  const steps = Object.fromEntries([...written].map(([step, { parameters }]) => [step, parameters]));
  const { extends: _, ...rest } = content;
  const asked = applyOverrides({ ...rest, steps }, expanded.filter(({ path }) => written.has(path[0]!)).map(inSteps));

  const schema = parametersSchema(stageOf);
  const parsed = schema.safeParse(asked);
  if (!parsed.success || problems.length > 0) {
    const where = (path: readonly PropertyKey[]) => `${locate(path, sources, expanded)}: `;
    const issues = parsed.error?.issues ?? [];
    const fromOutside = problems.length === 0 ? issuesOfOverrides(issues, expanded) : undefined;
    // What was right in the file and no longer fits what PIPELINE_SET says.
    const unfit = issues
      .filter(
        ({ code, path }) => code === 'custom' && setsStep(expanded, path) && !isSet(expanded, parameterName(path, 1)),
      )
      .map(({ path }) => parameterName(path, 1));
    const lines = issueLines(sayNothing(issues, sources), schema, where, 1);
    if (fromOutside !== undefined)
      throw overrideError(fromOutside, {
        lines,
        schema: z.toJSONSchema(schema, { io: 'input' }) as JsonObject,
        pipeline: name,
        inFile: (path) => valueAt(steps, path.slice(1)),
        stageOf: (step) => written.get(step)?.stage ?? step,
      });
    throw new UserError({
      what: [...lines, ...problems].join('\n'),
      where: `pipeline ${name}`,
      fix:
        unfit.length > 0
          ? `change ${unfit.join(' and ')}, too: PIPELINE_SET=${quoted([...overrides.map(assignment), ...unfit.map((parameter) => `${parameter}=<value>`)].join(','))}`
          : 'mend the lines named above; editors that know pipelines/pipeline.schema.json complete and check these keys',
    });
  }
  const wired = wire(written, declarations, (step, port) => locateStep(sources, step, port));
  return {
    name,
    description: parsed.data.description ?? '',
    steps: Object.fromEntries(
      [...wired].map(([step, inputs]) => {
        return [step, { stage: written.get(step)!.stage, parameters: parsed.data.steps[step] as JsonObject, inputs }];
      }),
    ),
  };
}

/** The names of a pipeline's steps, whether or not the rest of its files is right; none where there is no such pipeline. */
export const stepNames = (root: string, pipeline: string): string[] => Object.keys(stepStages(root, pipeline));

/** The same with what each says it is the stage of. */
export function stepStages(root: string, pipeline: string): Record<string, string> {
  try {
    let content: JsonObject = {};
    for (const source of readSources(root, pipeline).toReversed()) content = merge(content, source.content);
    const steps = isObject(content['steps']) ? content['steps'] : {};
    const own = Object.entries(steps).filter(([, step]) => step !== false);
    return Object.fromEntries(
      own.map(([name, step]) => [name, String((isObject(step) ? step['stage'] : undefined) ?? name)]),
    );
  } catch (error) {
    if (error instanceof UserError) return {};
    throw error;
  }
}

/** A step of the merged files, before its parameters are checked. */
interface MergedStep extends WrittenStep {
  parameters: JsonObject;
}

/** Problems that are told at once. */
const SHOWN = 20;

const STEP_NAME = /^[a-z][a-z0-9-]+$/; // as a pipeline: both are parts of a target's name

/** Names that mean something else: Nx projects, what every object has, and what else of a run is asked for by name. */
const NO_STEPS: readonly string[] = ['pipeline', 'arrowsmith', 'constructor', 'metrics', 'bytes', 'seconds', 'machine'];

/** Whether a step can be called so: its name is that of an Nx project. */
export const isStepName = (name: string): boolean => STEP_NAME.test(name) && !NO_STEPS.includes(name);

/** The steps of the merged files: of which stage each is, and what it says of its inputs; and what is wrong with others, as lines. */
function writtenSteps(
  sources: readonly Source[],
  merged: JsonObject,
  declarations: Declarations,
): { written: Map<string, MergedStep>; problems: string[] } {
  const steps = new Map<string, MergedStep>();
  const stages = [...declarations.keys()].join(', ');
  const problems: string[] = [];
  const say = (path: readonly string[], problem: string): void => {
    problems.push(`${locate(['steps', ...path], sources, [])}: ${problem}`);
  };
  for (const [name, value] of Object.entries(merged)) {
    if (value === false) continue; // removed
    const { stage = name, inputs = {}, ...parameters } = value as JsonObject;
    const isStage = typeof stage === 'string' && declarations.has(stage);
    if (stage === name && !isStage)
      say(
        [name],
        `unknown stage "${printableLine(name)}" (known here: ${stages}; a step of another name says its \`stage:\`)`,
      );
    else if (!isStage) say([name, 'stage'], `unknown stage ${shown(stage)} (known here: ${stages})`);
    else if (declarations.has(name) && stage !== name)
      say(
        [name, 'stage'],
        `a step called like the stage ${name} is of that stage, not of ${String(stage)}: give it another name`,
      );
    else if (!isStepName(name))
      say(
        [name],
        `"${printableLine(name)}" cannot name a step: two or more lower-case letters, digits and hyphens, beginning with a letter; not ${NO_STEPS.join(', ')}`,
      );
    const parsed = inputsSchema.safeParse(inputs);
    if (!parsed.success)
      for (const { path, message } of parsed.error.issues)
        say([name, 'inputs', ...path.map(String)], `${[name, 'inputs', ...path].join('.')}: ${message}`);
    else if (isStage)
      steps.set(name, {
        stage,
        parameters,
        inputs: Object.fromEntries(Object.entries(parsed.data).map(([port, of]) => [port, [of].flat()])),
      });
  }
  const more = problems.length > SHOWN ? [`and ${problems.length - SHOWN} more`] : [];
  if (steps.size > 0 || problems.length > 0)
    return { written: steps, problems: [...problems.slice(0, SHOWN), ...more] };
  throw new UserError({
    what: `${sources[0]!.file}:1: a pipeline without steps`,
    expected: `steps, of the stages ${stages}`,
    fix: 'add `steps:` with the steps to run, or `extends:` with the name of a pipeline that has some',
  });
}

/** Where a step, what it says of its inputs, or of one of them, was written. */
function locateStep(sources: readonly Source[], step: string, port?: string): string {
  const inner = port === undefined ? [] : port === 'inputs' ? ['inputs'] : ['inputs', port];
  return locate(['steps', step, ...inner], sources, []);
}

/** An override of a stage that is no step itself is one of all steps of that stage. */
function expandStages(overrides: readonly Override[], steps: ReadonlyMap<string, WrittenStep>): Override[] {
  return overrides.flatMap((override) => {
    const [first = '', ...rest] = override.path;
    if (steps.has(first)) return [override];
    const named = [...steps].filter(([, { stage }]) => stage === first).map(([step]) => step);
    return named.length === 0 ? [override] : named.map((step) => ({ ...override, path: [step, ...rest] }));
  });
}

/** Overrides change parameters of steps that there are. */
function refuseOthers({ file }: Source, steps: ReadonlyMap<string, WrittenStep>, overrides: readonly Override[]): void {
  const names = [...steps.keys()];
  for (const { path, written } of overrides) {
    const [step = '', key = ''] = path;
    if (!steps.has(step)) {
      throw new UserError({
        what: `${written}: the pipeline has no step ${printableLine(step)}`,
        where: file,
        expected: `a parameter of ${names.join(', ')}`,
        fix: `check the spelling, add \`${printableLine(step)}:\` under steps, or choose another pipeline`,
      });
    }
    if ((OWN_KEYS as readonly string[]).includes(key)) {
      throw new UserError({
        what: `${written}: ${step}.${key} is no parameter: what a step is and reads stands in the pipeline file`,
        where: file,
        fix: 'write a pipeline that extends this one, with other inputs',
      });
    }
  }
}

const inSteps = ({ path, ...rest }: Override): Override => ({ ...rest, path: ['steps', ...path] });

/**
 * Values of `over` replace those of `base`, objects key by key. An object of another `type` (or a step of another `stage`) is another thing and
 * replaces it whole; so do the `inputs` of a step, port by port. A key without a value (`quantize:`) is an empty object: all defaults.
 */
function merge(base: JsonObject, over: JsonObject): JsonObject {
  const isOther = (key: string) => base[key] !== undefined && over[key] !== undefined && base[key] !== over[key];
  const result = isOther('type') || isOther('stage') ? {} : { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = result[key];
    result[key] = value === null || isObject(value) ? merge(isObject(old) ? old : {}, value ?? {}) : value;
  }
  return result;
}

const valueAt = (within: JsonObject, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (isObject(value) ? value[String(key)] : undefined), within);

/** Whether an override has another parameter of the same step. */
const setsStep = (overrides: readonly Override[], path: readonly PropertyKey[]): boolean =>
  overrides.some((override) => override.path[0] === path[1]);

/** Whether a parameter, or an object that holds it, was given by an override. */
const isSet = (overrides: readonly Override[], parameter: string): boolean =>
  overrides.some(({ path }) => `${parameter}.`.startsWith(`${path.join('.')}.`));

/** An override as PIPELINE_SET has it. */
const assignment = ({ path, value }: Override): string =>
  `${path.join('.')}=${typeof value === 'string' ? value : JSON.stringify(value)}`;

/** Text as one word of a shell's command line. */
const quoted = (text: string): string => (/^[\w.,=+-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** A key without a value was read as an empty object; where that is not what belongs there, it is called nothing. */
function sayNothing(issues: readonly z.core.$ZodIssue[], sources: readonly Source[]): z.ZodError {
  const isNothing = (path: readonly PropertyKey[]): boolean =>
    sources.find(({ document }) => document.hasIn(path))?.document.getIn(path) === null;
  return new z.ZodError(
    issues.map((issue) =>
      isNothing(issue.path)
        ? { ...issue, message: issue.message.replace('received object', 'received nothing') }
        : issue,
    ),
  );
}

/** Where a value was written: PIPELINE_SET, a flag, the file itself, or a file it extends. */
function locate(path: readonly PropertyKey[], sources: readonly Source[], overrides: readonly Override[]): string {
  const name = parameterName(path, 1);
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
    .filter(({ code, path }) => code === 'custom' && flags.length > 0 && !isSet(flags, parameterName(path, 0)))
    .map(({ path }) => parameterName(path, 0));
  throw new UserError({
    what: issueLines(parsed.error, schema, () => '', 0).join('\n'),
    where: [flags.length > 0 ? name : `stage ${name}`, ...flags.map(({ written }) => written)].join(' '),
    fix:
      unfit.length > 0
        ? `change ${unfit.join(' and ')}, too: ${unfit.map((parameter) => `--${parameter}=<value>`).join(' ')}`
        : `mend it; the parameters are described in stages/${name}/src/declaration.ts`,
  });
}
