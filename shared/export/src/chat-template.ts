/** @file A template of conversations, looked at before it is written into files. */
import { Template } from '@huggingface/jinja';
import { UserError } from '@arrowsmith/errors';

const parse = (source: string): Template => new Template(source);

/**
 * @param source Jinja
 * @param where it was read from
 * @throws UserError where it is none
 */
export function checkTemplate(source: string, where: string): void {
  try {
    parse(source);
  } catch (cause) {
    throw new UserError(
      {
        what: 'the template of conversations is not understood',
        where,
        expected: 'a template in Jinja, as transformers takes it',
        found: (cause as Error).message,
        fix: 'mend it, or name another file by `chatTemplate`',
      },
      { cause },
    );
  }
}
