/** @file How messages become the text that a model continues: by a template of the Hugging Face hub, or plainly. */
import { randomUUID } from 'node:crypto';
import { UserError } from '@arrowsmith/errors';
import { type ChatTemplateSource, readChatTemplate } from '@arrowsmith/generation';
import { chatTemplate, type ChatTemplateOptions, PLAIN_STOPS, plainTurns, templateNames } from '@arrowsmith/inference';
import { ApiError } from './api-error.ts';

/** What somebody said. */
export interface ChatMessage {
  role: 'system' | 'developer' | 'user' | 'assistant';
  content: string;
}

/** Makes a prompt of messages, behind which the assistant goes on. */
export interface ChatTemplate {
  render(messages: readonly ChatMessage[], options?: ChatTemplateOptions): string;
  /** Names in the template, such as `enable_thinking`: what it does not name, it cannot be told. */
  readonly names: ReadonlySet<string>;
  /** Special tokens that are written out in the prompt become their ids, and the prompt begins with what the template says. */
  readonly hasSpecialTokens: boolean;
  /** Strings that end an answer, where no token of the model does. */
  readonly stop: readonly string[];
}

/**
 * Turns as `conversation: {}` writes them into a training text: the role, a colon, what was said, and an empty line behind it. An answer ends
 * where the next turn would begin.
 */
export const plainTemplate: ChatTemplate = {
  render: plainTurns,
  names: new Set(),
  hasSpecialTokens: false,
  stop: PLAIN_STOPS,
};

/**
 * A template of a model of the Hugging Face hub, in Jinja. Messages that it refuses are the fault of who sends them.
 *
 * @throws UserError where it is no such template
 */
export function jinjaTemplate({ source, tokens }: ChatTemplateSource): ChatTemplate {
  const render = chatTemplate(source, tokens);
  return {
    render(messages, options) {
      try {
        return render(messages, options);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const message = `The chat template refuses these messages: ${(error.cause as Error).message}`;
        throw new ApiError(400, message, { param: 'messages', code: 'invalid_value' }, { cause: error });
      }
    },
    names: templateNames(source),
    hasSpecialTokens: true,
    stop: [],
  };
}

/**
 * The template in a file: Jinja, or tokenizer_config.json.
 *
 * @throws UserError where there is none, and where a prompt by it has nothing of what a user says, as any text without Jinja is such a template
 */
export async function loadChatTemplate(path: string): Promise<ChatTemplate> {
  const { source, tokens } = await readChatTemplate(path);
  const render = chatTemplate(source, tokens);
  const said = randomUUID(); // which no file has by itself
  const prompt = render([{ role: 'user', content: said }]);
  if (prompt.includes(said)) return jinjaTemplate({ source, tokens });
  throw new UserError({
    what: 'this is no chat template',
    where: path,
    expected: 'Jinja that writes the content of messages',
    found: 'a prompt without what the user said',
    fix: 'name the chat_template.jinja, or the tokenizer_config.json, of a model of the hub',
  });
}
