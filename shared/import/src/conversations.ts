/** @file What Hugging Face's files say of conversations: their template, and what ends a turn. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonObject, refusePipe, UserError } from '@arrowsmith/errors';

/** How conversations are written for a model. */
export interface ChatTemplateSource {
  /** In Jinja. */
  source: string;
  /** What the template may name beside the messages: `bos_token`, `eos_token`. */
  tokens: Record<string, string>;
}

/** What a model's files say of conversations. */
export interface Conversations {
  chatTemplate?: ChatTemplateSource;
  /** What other tokens that end a text are written as. */
  endTokens?: string[];
}

type Token = string | { content: string };

type Template = string | readonly { name: string; template: string }[];

/** The part of tokenizer_config.json that is read. */
interface TokenizerConfig {
  chat_template?: Template | null;
  bos_token?: Token | null;
  eos_token?: Token | null;
}

/** The files of a folder that are read. */
const FILES = ['chat_template.jinja', 'tokenizer_config.json'] as const;

/** Those of them that a folder has. */
export const conversationFiles = (folder: string): string[] =>
  FILES.map((file) => join(folder, file)).filter((file) => existsSync(file));

/**
 * Of a folder with chat_template.jinja, or tokenizer_config.json; of others nothing.
 *
 * @throws UserError where tokenizer_config.json is no JSON
 */
export async function readConversations(folder: string): Promise<Conversations> {
  const [template, settings] = FILES;
  const config = await readConfig(join(folder, settings));
  const end = nameOf(config.eos_token);
  const file = join(folder, template);
  refusePipe(file);
  const chatTemplate = existsSync(file)
    ? { source: await readFile(file, 'utf8'), tokens: tokensOf(config) }
    : templateOf(config);
  return {
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    ...(end === undefined ? {} : { endTokens: [end] }),
  };
}

/**
 * The chat template in a file: tokenizer_config.json as models of the Hugging Face hub have it, or Jinja.
 *
 * @throws UserError where there is none in it
 */
export async function readChatTemplate(path: string): Promise<ChatTemplateSource> {
  if (!path.endsWith('.json')) return { source: await readTemplate(path), tokens: {} };
  const template = templateOf(await readConfig(path));
  if (template !== undefined) return template;
  throw new UserError({
    what: 'there is no chat template in this file',
    where: path,
    expected: 'the field chat_template, a string',
    found: existsSync(path) ? 'none' : 'no such file',
    fix: 'name the file of the template, chat_template.jinja, where the model has one',
  });
}

async function readTemplate(path: string): Promise<string> {
  refusePipe(path);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const found = (cause as Error).message;
    const fix = 'name a file of Jinja, or a tokenizer_config.json';
    const parts = { what: 'the chat template cannot be read', where: path, expected: 'a text file', found, fix };
    throw new UserError(parts, { cause });
  }
}

/** Tokens stand in that file as strings, or as objects with a content. */
const nameOf = (token: Token | null | undefined): string | undefined =>
  typeof token === 'string' ? token : token?.content;

/** What a template may name beside messages. */
function tokensOf(config: TokenizerConfig): Record<string, string> {
  const [begin, end] = [nameOf(config.bos_token), nameOf(config.eos_token)];
  return {
    ...(begin === undefined ? {} : { bos_token: begin }),
    ...(end === undefined ? {} : { eos_token: end }),
  };
}

/** Of several, as for tools, that for conversations. */
function templateOf(config: TokenizerConfig): ChatTemplateSource | undefined {
  const template = config.chat_template ?? undefined;
  const source = typeof template === 'string' ? template : template?.find(({ name }) => name === 'default')?.template;
  return source === undefined ? undefined : { source, tokens: tokensOf(config) };
}

async function readConfig(path: string): Promise<TokenizerConfig> {
  if (!existsSync(path)) return {};
  return await readJsonObject(path, {
    what: 'tokenizer_config.json cannot be read',
    expected: 'a JSON object',
    fix: 'download it again, or remove it: only conversations need it',
  });
}
