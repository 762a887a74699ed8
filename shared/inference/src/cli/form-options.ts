/** @file The form that a text is to have: JSON of a schema, or what a regular expression matches. */
import { readFile } from 'node:fs/promises';
import { UserError } from '@arrowsmith/errors';
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
  try {
    return { jsonSchema: JSON.parse(await readFile(file, 'utf8')) as unknown };
  } catch (cause) {
    throw new UserError(
      {
        what: 'the JSON schema cannot be read',
        where: file,
        expected: 'a file of JSON',
        found: (cause as Error).message,
        fix: 'docs/generation.md has an example',
      },
      { cause },
    );
  }
}
