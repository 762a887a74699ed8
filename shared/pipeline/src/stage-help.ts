/** @file A stage's parameters as help for people, from the schema in its declaration. */
import * as z from 'zod';
import { isObject } from './overrides.ts';
import type { JsonObject, StageDeclaration } from './stage.ts';
import { wrapText } from './wrap-text.ts';

/** Columns of a terminal that is not known to be wider. */
const WIDTH = 100;

/** @param named for the examples */
export function stageHelp(
  { description, parameters }: StageDeclaration,
  { step, pipeline }: { step: string; pipeline: string },
): string {
  const schema = z.toJSONSchema(parameters, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as JsonObject;
  const options = [...flagsOf(schema)];
  return [
    `npx nx run ${step}:${pipeline} [--<parameter>=<value> …]`,
    '',
    `${description}. What is not set here is as pipelines/${pipeline}.yaml says, or its default.`,
    '',
    ...options.flatMap(({ flag, note, text }) => [
      `  --${flag}${note}`,
      ...wrapText(text, WIDTH - 6).map((line) => `      ${line}`),
    ]),
    '',
    `For example: npx nx run ${step}:${pipeline}${exampleOf(options)}`,
  ].join('\n');
}

interface Option {
  flag: string;
  /** Default, or that there is none. */
  note: string;
  text: string;
}

/** The parameters that have no parts, each under the name that a flag has: `optimizer.learningRate`. */
function* flagsOf(schema: JsonObject, prefix = ''): Generator<Option> {
  const required = (schema['required'] ?? []) as string[];
  for (const [key, property] of Object.entries((schema['properties'] ?? {}) as Record<string, JsonObject>)) {
    const flag = `${prefix}${key}`;
    if (isObject(property['properties'])) {
      yield* flagsOf(property, `${flag}.`);
      continue;
    }
    const { description = '', default: preset } = property;
    const note =
      preset !== undefined ? `  (default ${JSON.stringify(preset)})` : required.includes(key) ? '  (required)' : '';
    yield { flag: `${flag}=<${typeName(property)}>`, note, text: String(description) };
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

/** The first number with a default, as an example of a flag. */
function exampleOf(options: readonly Option[]): string {
  const number = options.find(({ flag }) => /=<(?:integer|number)>$/.test(flag));
  const preset = /default (\d+)/.exec(number?.note ?? '')?.[1];
  return number === undefined ? '' : ` --${number.flag.split('=')[0]}=${preset ?? 200}`;
}
