/** @file The template of conversations: its text is part of the result's identity. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readJsonObject, refusePipe, UserError } from '@arrowsmith/errors';
import { checkTemplate } from '@arrowsmith/export/chat-template';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';
import type { AskedExport } from './declaration.ts';

/** As asked, with the template itself in place of its file. */
export type ResolvedExport = AskedExport;

/** @throws UserError where the file of the template cannot be read, or has none */
export async function resolveExport(
  asked: AskedExport,
  { root }: Pick<ResolveOptions<ResolvedExport>, 'root'>,
): Promise<Resolution<ResolvedExport>> {
  const { chatTemplate: path, ...parameters } = asked;
  if (path === undefined) return { parameters };
  const chatTemplate = await readTemplate(resolve(root, path));
  checkTemplate(chatTemplate, path);
  return { parameters: { ...parameters, chatTemplate } };
}

async function readTemplate(path: string): Promise<string> {
  const wrong = (found: string, cause?: unknown) =>
    new UserError(
      {
        what: 'the template of conversations cannot be read',
        where: path,
        expected: 'a file of Jinja, or a tokenizer_config.json with the field chat_template, a string',
        found,
        fix: 'correct `chatTemplate` of the export in the pipeline file (paths start at the root of the workspace)',
      },
      { cause },
    );
  if (path.endsWith('.json')) {
    const { chat_template: template } = await readJsonObject(path, {
      what: 'the template of conversations cannot be read',
      expected: 'a tokenizer_config.json, a JSON object',
      fix: 'correct `chatTemplate` of the export in the pipeline file',
    });
    if (typeof template !== 'string' || template === '') throw wrong('no such field');
    return template;
  }
  refusePipe(path);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw wrong(cause.code === 'ENOENT' ? 'no such file' : cause.message, cause);
  });
  if (text.trim() === '') throw wrong('an empty file');
  return text;
}
