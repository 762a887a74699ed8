/** @file How messages become the text that a model continues: by its own template, or plainly. */
import { readFile } from 'node:fs/promises';
import { Template } from '@huggingface/jinja';
import { UserError } from '@arrowsmith/errors';
import { ApiError } from './api-error.ts';

/** What somebody said. */
export interface ChatMessage {
  role: 'system' | 'developer' | 'user' | 'assistant';
  content: string;
}

/** Makes a prompt of messages, behind which the assistant goes on. */
export interface ChatTemplate {
  render(messages: readonly ChatMessage[]): string;
  /** Special tokens that are written out in the prompt become their ids, and the prompt begins with what the template says. */
  readonly hasSpecialTokens: boolean;
  /** Strings that end an answer, where no token of the model does. */
  readonly stop: readonly string[];
}

/** Between two turns. */
const BETWEEN = '\n\n';

/**
 * Turns as `conversation: {}` writes them into a training text: the role, a colon, what was said, and an empty line behind it. An answer ends
 * where the next turn would begin.
 */
export const plainTemplate: ChatTemplate = {
  render: (messages) => [...messages.map(({ role, content }) => `${role}: ${content}`), 'assistant:'].join(BETWEEN),
  hasSpecialTokens: false,
  stop: ['system', 'developer', 'user', 'assistant'].map((role) => `${BETWEEN}${role}:`),
};

/**
 * A template of a model of the Hugging Face hub, in Jinja.
 *
 * @param source the template
 * @param tokens what it may name beside messages: `bos_token`, `eos_token`
 * @throws UserError where it is no such template
 */
export function jinjaTemplate(source: string, tokens: Readonly<Record<string, string>> = {}): ChatTemplate {
  const template = parse(source);
  return {
    render(messages) {
      try {
        return template.render({ ...tokens, messages, add_generation_prompt: true });
      } catch (error) {
        // Templates refuse what a model has not learned, such as two messages of one role in a row.
        const message = `The chat template refuses these messages: ${(error as Error).message}`;
        throw new ApiError(400, message, { param: 'messages', code: 'invalid_value' }, { cause: error });
      }
    },
    hasSpecialTokens: true,
    stop: [],
  };
}

/** The template in a file, as {@link readChatTemplate} takes it. @throws UserError where there is none */
export async function loadChatTemplate(path: string): Promise<ChatTemplate> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const parts = { what: 'the chat template cannot be read', where: path, found: cause.code ?? cause.message };
    throw new UserError({ ...parts, fix: 'name a file of Jinja, or a tokenizer_config.json' }, { cause });
  });
  return readChatTemplate(text, path);
}

/**
 * The template in a file: `tokenizer_config.json` as models of the Hugging Face hub have it, or Jinja.
 *
 * @param path for errors, and for its ending
 * @throws UserError where there is none in it
 */
export function readChatTemplate(text: string, path: string): ChatTemplate {
  if (!path.endsWith('.json')) return jinjaTemplate(text);
  const config = parseJson(text, path);
  const { chat_template: template } = config;
  if (typeof template !== 'string') {
    throw new UserError({
      what: 'there is no chat template in this file',
      where: path,
      expected: 'the field chat_template, a string',
      found: template === undefined ? 'none' : typeof template,
      fix: 'name the file of the template, chat_template.jinja, where the model has one',
    });
  }
  return jinjaTemplate(template, { bos_token: tokenOf(config['bos_token']), eos_token: tokenOf(config['eos_token']) });
}

function parse(source: string): Template {
  try {
    return new Template(source);
  } catch (cause) {
    const found = (cause as Error).message;
    throw new UserError({ what: 'the chat template is not understood', expected: 'Jinja', found }, { cause });
  }
}

function parseJson(text: string, path: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch (cause) {
    throw new UserError({ what: 'the file is no JSON', where: path, found: (cause as Error).message }, { cause });
  }
}

/** Tokens stand in that file as strings, or as objects with a content. */
function tokenOf(token: unknown): string {
  if (typeof token === 'string') return token;
  const { content } = Object(token) as { content?: unknown };
  return typeof content === 'string' ? content : '';
}
