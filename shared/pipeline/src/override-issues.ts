/** @file What is wrong with values that were given on a command line or by PIPELINE_SET: what is expected, what was found, and one that works. */
import type * as z from 'zod';
import { nearest, shellLine, UserError } from '@arrowsmith/errors';
import { isObject, type Override } from './overrides.ts';
import { knownKeys, parameterName, type Path, schemasAt, withinUnion } from './parameter-issues.ts';
import { writtenValue } from './rerun-command.ts';
import type { JsonObject } from './stage.ts';

/** An issue, and the override that it comes from. */
interface OverrideIssue {
  issue: z.core.$ZodIssue;
  override: Override;
}

interface AboutOverrides {
  /** One line for each issue, as issueLines gives them. */
  lines: readonly string[];
  /** Of all parameters of the pipeline: `steps.train.steps` is a path in it. */
  schema: JsonObject;
  pipeline: string;
  /** What the pipeline's file says at a path. */
  inFile: (path: Path) => unknown;
  stageOf: (step: string) => string;
}

/** More than are told at once are told as those of a file. */
const MOST = 20;

/** Issues with the overrides that they come from; undefined where one comes from a file. */
export function issuesOfOverrides(
  issues: readonly z.core.$ZodIssue[],
  overrides: readonly Override[],
): OverrideIssue[] | undefined {
  const found = issues.flatMap(withinUnion).flatMap((issue): (OverrideIssue | undefined)[] => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    return paths.map((path) => {
      const name = parameterName(path, 1);
      const override = overrides.findLast(({ path: set }) => {
        const whole = set.join('.');
        // Either it gives the value, or a part to what can have no parts.
        return `${name}.`.startsWith(`${whole}.`) || (issue.code === 'invalid_type' && whole.startsWith(`${name}.`));
      });
      return override && { issue, override };
    });
  });
  return found.length > 0 && found.length <= MOST && found.every((each) => each !== undefined) ? found : undefined;
}

/** The error of a pipeline of which nothing is wrong but what was changed from outside. */
export function overrideError(found: readonly OverrideIssue[], about: AboutOverrides): UserError {
  const [{ override, issue }] = found as [OverrideIssue];
  const told = found.map(({ issue: each, override: from }, i) => tell(each, from, about.lines[i]!, about.schema));
  const named = (text: string | undefined, i: number): string[] =>
    text === undefined ? [] : [found.length > 1 ? `${parameterName(found[i]!.issue.path, 1)}: ${text}` : text];
  const expected = told.flatMap((each, i) => named(each.expected, i)).join('\n');
  const values = told.flatMap((each, i) => named(each.found, i)).join('\n');
  return new UserError({
    what: told.map(({ what }) => what).join('\n'),
    where: `pipeline ${about.pipeline}`,
    ...(expected === '' ? {} : { expected }),
    ...(values === '' ? {} : { found: values }),
    fix: fixOf(issue, override, about),
  });
}

/** Issues of values; what parameters are to each other says its own message. */
function tell(
  issue: z.core.$ZodIssue,
  override: Override,
  line: string,
  schema: JsonObject,
): { what: string; expected?: string; found?: string } {
  if (issue.code === 'custom' || issue.code === 'unrecognized_keys') return { what: line };
  const [property] = schemasAt(schema, issue.path);
  return {
    what: `${override.written}: ${parameterName(issue.path, 1)} cannot be this`,
    ...(property === undefined ? { expected: issue.message } : { expected: expectation(property) }),
    found: foundAt(issue.path, override),
  };
}

function foundAt(path: Path, { path: set, value, isBare = false }: Override): string {
  if (isBare) return 'no value';
  const below = path.slice(1 + set.length);
  const inside = below.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const beyond = set.slice(path.length - 1).toReversed();
  const whole = beyond.reduce<unknown>((at, key) => ({ [key]: at }), inside);
  return typeof whole === 'string' ? whole : (JSON.stringify(whole) ?? 'nothing');
}

/** What a value must be, in words, with what it is for. */
function expectation(property: JsonObject): string {
  const { description } = property;
  return `${typeInWords(property)}${typeof description === 'string' ? `: ${description}` : ''}`;
}

function typeInWords(property: JsonObject): string {
  const { type, anyOf, oneOf, enum: choices, const: only } = property;
  const variants = (anyOf ?? oneOf) as JsonObject[] | undefined;
  if (variants !== undefined) return [...new Set(variants.map(typeInWords))].join(', or ');
  if (Array.isArray(choices)) return choices.map(String).join(' or ');
  if (only !== undefined) return String(only);
  if (type === 'integer') return `a whole number${range(property)}`;
  if (type === 'number') return `a number${range(property)}`;
  if (type === 'boolean') return 'true or false';
  if (type === 'array') return 'a list, as JSON';
  if (type === 'object') return 'an object, as JSON';
  return type === 'string' ? 'text' : 'another value';
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonObject): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  if (least !== undefined && most !== undefined) return ` from ${String(least)} to ${String(most)}`;
  const limits = [
    ...(least === undefined ? [] : [`of at least ${String(least)}`]),
    ...(exclusiveMinimum === undefined ? [] : [`above ${String(exclusiveMinimum)}`]),
    ...(most === undefined ? [] : [`of at most ${String(most)}`]),
    ...(exclusiveMaximum === undefined ? [] : [`below ${String(exclusiveMaximum)}`]),
  ];
  return limits.length === 0 ? '' : ` ${limits.join(' and ')}`;
}

function fixOf(issue: z.core.$ZodIssue, override: Override, about: AboutOverrides): string {
  const help = `npx arrowsmith help ${about.stageOf(String(issue.path[1]))}`;
  if (issue.code === 'custom') return `choose another value, or leave it out; ${help} tells what each is for`;
  if (issue.code === 'unrecognized_keys') return meant(issue, override, about.schema) ?? help;
  const [property] = schemasAt(about.schema, issue.path);
  const value = about.inFile(issue.path) ?? property?.['default'];
  return value === undefined || isObject(value)
    ? help
    : `for example ${writtenAs(override, issue.path.slice(1), `=${writtenValue(value)}`)}`;
}

/** The flag with the parameter that was meant. */
function meant(
  { path, keys: [wrong = ''] }: z.core.$ZodIssueUnrecognizedKeys,
  override: Override,
  schema: JsonObject,
): string | undefined {
  const [near] = nearest(wrong, knownKeys(schema, path));
  const above = path.slice(1);
  const { path: set, written } = override;
  if (near === undefined || set[above.length] !== wrong) return undefined;
  const [, value = ''] = /^[^=]*(=[^]*)/.exec(written) ?? [];
  return `did you mean ${writtenAs(override, [...above, near, ...set.slice(above.length + 1)], value)}?`;
}

/** An override of another parameter in the way in which it was written: by a flag, with or without the step, or in the environment. */
function writtenAs({ path: set, written }: Override, other: Path, value: string): string {
  const [, prefix = '', name = ''] = /^(--|PIPELINE_SET )([^=]*)/.exec(written) ?? [];
  const parts = name.split('.');
  const step = parts.length < set.length ? [] : [parts[0]!]; // or the stage, which stands for several
  return shellLine([`${prefix.replace(' ', '=')}${[...step, ...other.slice(1)].join('.')}${value}`]);
}
