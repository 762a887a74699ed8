/** @file Options as programs give them: unknown ones, and values that one cannot have, are errors that name the option. */
import { nearest, UserError, type UserErrorParts } from '@arrowsmith/errors';
import type * as z from 'zod';

/**
 * @param schema a strict object
 * @param told what cannot be, and what the options are a part of: `engine`
 * @throws UserError for an unknown option, and for a value that one cannot have
 */
export function checkOptions(
  schema: z.ZodObject,
  options: unknown,
  { what, within, fix = 'docs/generation.md lists them' }: Pick<UserErrorParts, 'what' | 'fix'> & { within?: string },
): void {
  const { error } = schema.safeParse(options);
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return;
  const path = [...(within === undefined ? [] : [within]), ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    const [key = ''] = issue.keys;
    const known = Object.keys(schema.shape);
    const [near] = nearest(key, known);
    throw new UserError({
      what,
      expected: known.join(', '),
      found: `the unknown option ${[...path, key].join('.')}`,
      fix: near === undefined ? fix : `did you mean ${near}?`,
    });
  }
  throw new UserError({
    what,
    expected: `${path.join('.') || 'options'}: ${issue.message}`,
    found: shown(issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], options)),
    fix,
  });
}

/** A value as a short text; NaN, functions and such have no JSON. */
function shown(value: unknown): string {
  const text =
    typeof value === 'object' ? JSON.stringify(value) : typeof value === 'string' ? `"${value}"` : String(value);
  return text.slice(0, 100);
}
