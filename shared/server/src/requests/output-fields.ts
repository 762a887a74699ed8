/** @file The fields of a request that say what form its texts have: OpenAI's response_format, and those of vLLM. */
import * as z from 'zod';
import { ApiError, unsupported } from '../api-error.ts';
import type { OutputForm } from '../output-form.ts';
import { optional } from './parse-fields.ts';

const responseFormat = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_object') }),
    z.object({
      type: z.literal('json_schema'),
      json_schema: z.object({ schema: optional(z.record(z.string(), z.unknown())) }),
    }),
  ],
  { error: 'expected an object with the type text, json_object or json_schema' },
);

export const outputFields = {
  response_format: optional(responseFormat),
  /** A schema, or its JSON. */
  guided_json: optional(z.union([z.string(), z.record(z.string(), z.unknown()), z.boolean()])),
  guided_regex: optional(z.string()),
  guided_choice: optional(z.array(z.string()).min(1)),
  /** Tokens of thought at most, of all thoughts of a text together. */
  thinking_token_budget: optional(z.int().min(0)),
  min_tokens: optional(z.int().min(0)),
};

const schema = z.object(outputFields);

/** Checked fields of {@link outputFields}. */
export type OutputFields = z.output<typeof schema>;

/** A form, and the field that asks for it. */
export interface AskedForm {
  param: keyof OutputFields;
  form: OutputForm;
}

/** The form that fields ask for. @throws ApiError for two, a text that is no JSON, and tokens at least beside a form, which ends where it is complete */
export function askedForm(fields: OutputFields): AskedForm | undefined {
  const asked = formsOf(fields);
  const [first, second] = asked;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    const message = `'${second.param}' beside '${first.param}': a text has one form.`;
    throw new ApiError(400, message, { param: second.param, code: 'invalid_value' });
  }
  if (fields.min_tokens) {
    throw unsupported('min_tokens', `'min_tokens' beside '${first.param}' is not supported: a form has its own end.`);
  }
  return first;
}

function formsOf(fields: OutputFields): AskedForm[] {
  const { response_format: format, guided_json: json, guided_regex: expression, guided_choice: choice } = fields;
  const found: AskedForm[] = [];
  if (format?.type === 'json_object')
    found.push({ param: 'response_format', form: { jsonSchema: { type: 'object' } } });
  if (format?.type === 'json_schema') {
    found.push({ param: 'response_format', form: { jsonSchema: format.json_schema.schema ?? {} } });
  }
  if (json !== undefined) found.push({ param: 'guided_json', form: { jsonSchema: schemaOf(json) } });
  if (expression !== undefined) found.push({ param: 'guided_regex', form: { regularExpression: expression } });
  if (choice !== undefined) {
    found.push({ param: 'guided_choice', form: { regularExpression: choice.map(literally).join('|') } });
  }
  return found;
}

function schemaOf(json: string | boolean | Record<string, unknown>): unknown {
  if (typeof json !== 'string') return json;
  try {
    return JSON.parse(json) as unknown;
  } catch (cause) {
    const message = `Invalid 'guided_json': ${(cause as Error).message}`;
    throw new ApiError(400, message, { param: 'guided_json', code: 'invalid_value' }, { cause });
  }
}

/** A text as a regular expression that matches it alone. */
const literally = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
