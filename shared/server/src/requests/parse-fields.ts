/** @file The fields of a request, checked: the first that is wrong is named as OpenAI names it. */
import * as z from 'zod';
import { ApiError } from '../api-error.ts';

/** A field that may be left out; null is as if it were not there. */
export const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

/**
 * Reads the body of a request. Fields that the schema does not name are ignored, as OpenAI does.
 *
 * @throws ApiError for the first field that has a wrong type or value, or is missing
 */
export function parseFields<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = pathOf(issue?.path ?? []);
  if (issue !== undefined && param !== null && valueAt(body, issue.path) === undefined) {
    throw new ApiError(400, `Missing required parameter: '${param}'.`, { param, code: 'missing_required_parameter' });
  }
  const what = issue?.message.replace(/^Invalid input: /, '') ?? 'it is not understood';
  const code = issue?.code === 'invalid_type' || issue?.code === 'invalid_union' ? 'invalid_type' : 'invalid_value';
  throw new ApiError(400, param === null ? `Invalid body: ${what}.` : `Invalid '${param}': ${what}.`, { param, code });
}

/** `messages[0].content`; null for the whole body. */
function pathOf(path: readonly PropertyKey[]): string | null {
  if (path.length === 0) return null;
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`)).join('');
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value: unknown = body;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
