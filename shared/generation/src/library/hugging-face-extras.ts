/** @file What Hugging Face's files say of conversations: their template, and what ends a turn. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import type { ModelFiles } from './model-files.ts';

type Token = string | { content: string };

type Template = string | readonly { name: string; template: string }[];

/** The part of tokenizer_config.json that is read. */
interface TokenizerConfig {
  chat_template?: Template | null;
  bos_token?: Token | null;
  eos_token?: Token | null;
}

/**
 * Of a folder with chat_template.jinja, or tokenizer_config.json; of others nothing.
 *
 * @throws UserError where tokenizer_config.json is no JSON
 */
export async function readHuggingFaceExtras(folder: string): Promise<Pick<ModelFiles, 'chatTemplate' | 'endTokens'>> {
  const config = await readConfig(join(folder, 'tokenizer_config.json'));
  const file = join(folder, 'chat_template.jinja');
  const source = existsSync(file) ? await readFile(file, 'utf8') : templateOf(config.chat_template ?? undefined);
  const [begin, end] = [nameOf(config.bos_token), nameOf(config.eos_token)];
  const tokens = {
    ...(begin === undefined ? {} : { bos_token: begin }),
    ...(end === undefined ? {} : { eos_token: end }),
  };
  return {
    ...(source === undefined ? {} : { chatTemplate: { source, tokens } }),
    ...(end === undefined ? {} : { endTokens: [end] }),
  };
}

const nameOf = (token: Token | null | undefined): string | undefined =>
  typeof token === 'string' ? token : token?.content;

/** Of several, as for tools, that for conversations. */
function templateOf(template: Template | undefined): string | undefined {
  if (template === undefined || typeof template === 'string') return template;
  return template.find(({ name }) => name === 'default')?.template;
}

async function readConfig(path: string): Promise<TokenizerConfig> {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(await readFile(path, 'utf8')) as TokenizerConfig;
  } catch (cause) {
    throw new UserError(
      {
        what: 'tokenizer_config.json cannot be read',
        where: path,
        expected: 'a JSON object',
        found: (cause as Error).message,
        fix: 'download it again, or remove it: only conversations need it',
      },
      { cause },
    );
  }
}
