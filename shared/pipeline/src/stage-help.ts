/** @file A stage's parameters as help for people, from the schema in its declaration. */
import { wrapText } from '@arrowsmith/errors';
import * as z from 'zod';
import { isObject } from './overrides.ts';
import type { JsonObject, StageDeclaration } from './stage.ts';

/** A parameter that has no parts, under the name that a flag has: `optimizer.learningRate`. */
export interface ParameterHelp {
  flag: string;
  /** `integer`, `number`, `boolean`, `a|b|c`, `JSON` … */
  type: string;
  /** Without it there is no value, not even a default. */
  isRequired: boolean;
  /** What holds without the flag; undefined where nothing does, or where that follows from other parameters. */
  preset: unknown;
  minimum: number | undefined;
  maximum: number | undefined;
  text: string;
}

/** @param own values of a step in its pipeline, which are then what holds without a flag */
export function parametersOf(
  { parameters }: Pick<StageDeclaration, 'parameters'>,
  own: JsonObject = {},
): ParameterHelp[] {
  const schema = z.toJSONSchema(parameters, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as JsonObject;
  return [...leaves(schema, own)];
}

/** What `--help` says of parameters. @param width columns of the terminal */
export function formatParameters(options: readonly ParameterHelp[], width: number): string[] {
  return options.flatMap(({ flag, type, isRequired, preset, text }) => {
    const below: string[] = [text];
    const isLong = `  --${flag}=<${type}>`.length > width;
    if (isLong) below.push(`One of ${type.replaceAll('|', ', ')}.`);
    let head = `  --${flag}=<${isLong ? 'value' : type}>`;
    const note = preset !== undefined ? `default ${spaced(preset)}` : isRequired ? 'required' : '';
    if (note !== '' && `${head}  (${note})`.length <= width) head += `  (${note})`;
    else if (note !== '') below.push(`(${note})`);
    return [head, ...below.flatMap((each) => wrapText(each, width - 6)).map((line) => `      ${line}`)];
  });
}

function* leaves(schema: JsonObject, own: JsonObject, prefix = '', isThere = true): Generator<ParameterHelp> {
  const required = (schema['required'] ?? []) as string[];
  for (const [key, property] of Object.entries((schema['properties'] ?? {}) as Record<string, JsonObject>)) {
    const flag = `${prefix}${key}`;
    const value = Object.hasOwn(own, key) ? own[key] : undefined;
    const isRequired = isThere && required.includes(key);
    if (isObject(property['properties'])) {
      // What is not there has no parts that could be missing.
      yield* leaves(
        property,
        isObject(value) ? value : {},
        `${flag}.`,
        isRequired || property['default'] !== undefined,
      );
      continue;
    }
    const [minimum, maximum] = boundsOf(property);
    yield {
      flag,
      type: typeName(property),
      isRequired,
      preset: value ?? property['default'],
      minimum,
      maximum,
      text: String(property['description'] ?? ''),
    };
  }
}

function typeName(property: JsonObject): string {
  const { type, anyOf, oneOf, enum: choices, const: only } = property;
  const variants = (anyOf ?? oneOf) as JsonObject[] | undefined;
  if (variants !== undefined) return [...new Set(variants.map(typeName))].join('|');
  if (Array.isArray(choices)) return choices.join('|');
  if (only !== undefined) return String(only);
  if (type === 'array' || type === 'object') return 'JSON';
  return Array.isArray(type) ? type.join('|') : String(type ?? 'value');
}

function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonObject): (number | undefined)[] {
  const number = (...values: unknown[]): number | undefined =>
    values.find((value): value is number => typeof value === 'number');
  return [number(minimum, exclusiveMinimum), number(maximum, exclusiveMaximum)];
}

/** JSON that can be broken into lines. */
const spaced = (value: unknown): string => JSON.stringify(value, null, 1).replaceAll(/\s*\n\s*/g, ' ');

/**
 * Flags that could be an example, the best first: of the first number, a value within its range that is not what holds anyhow, where there is one.
 * Whether a value fits the others, the pipeline says.
 */
export function exampleFlags(options: readonly ParameterHelp[]): string[] {
  return options
    .filter(({ type }) => type === 'integer' || type === 'number')
    .flatMap(({ flag, type, isRequired, preset, minimum = -Infinity, maximum = Infinity }) => {
      const middle = Number.isFinite(minimum) && maximum <= 1 ? [(minimum + maximum) / 2] : [];
      const half = typeof preset === 'number' ? [type === 'integer' ? Math.floor(preset / 2) : preset / 2] : [];
      const values = [...middle, ...(isRequired ? [EXAMPLE] : half), EXAMPLE];
      return values.filter((value) => value >= minimum && value <= maximum).map((value) => `--${flag}=${value}`);
    });
}

/** A number that is few steps and many of most else. */
const EXAMPLE = 200;
