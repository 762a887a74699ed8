/** @file The form that a text is to have: JSON of a schema, or what a regular expression matches. */
import { readJsonObject, UserError } from '@arrowsmith/errors';
import type { TextOptions } from '@arrowsmith/generation';
import { text } from '@arrowsmith/pipeline/cli';

export const formOptions = {
  'json-schema': text(
    'The text is JSON of a value that the JSON schema in this file accepts, and is shown alone.',
    'file',
  ),
  regex: text('The text is what this regular expression matches as a whole, and is shown alone.', 'expression'),
} as const;

/** @throws UserError for a file that cannot be read, or is no JSON, and for both at once */
export async function readForm(written: {
  'json-schema'?: string | undefined;
  regex?: string | undefined;
}): Promise<Pick<TextOptions, 'jsonSchema' | 'regularExpression'>> {
  const { 'json-schema': file, regex: regularExpression } = written;
  if (file === undefined) return regularExpression === undefined ? {} : { regularExpression };
  if (regularExpression !== undefined) {
    throw new UserError({
      what: 'a text has one form',
      expected: '--json-schema or --regex',
      found: 'both',
      fix: 'leave one of them out',
    });
  }
  const jsonSchema = await readJsonObject(file, {
    what: 'the JSON schema cannot be read',
    expected: 'a JSON object',
    fix: 'docs/generation.md has an example',
  });
  return { jsonSchema };
}
