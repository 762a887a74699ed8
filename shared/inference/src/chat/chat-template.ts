/** @file Conversations as a model was trained to read them: Hugging Face's chat templates, in Jinja. */
import { Template } from '@huggingface/jinja';
import { UserError } from '@arrowsmith/errors';

/** What somebody said. */
export interface Message {
  role: 'system' | 'developer' | 'user' | 'assistant';
  content: string;
}

/** Writes a conversation, up to where the assistant goes on. */
export type ChatTemplate = (messages: readonly Message[], options?: { thinks?: boolean }) => string;

/**
 * @param source in Jinja
 * @param tokens what it may name beside the messages, such as `bos_token`
 * @returns the template, which throws a UserError for messages that it refuses, such as two of one role in a row
 * @throws UserError where it is none
 */
export function chatTemplate(source: string, tokens: Readonly<Record<string, string>> = {}): ChatTemplate {
  const template = attempt('the chat template of the model is not understood', () => new Template(source));
  return (messages, { thinks = true } = {}) =>
    attempt('the chat template of the model refuses the conversation', () =>
      template.render({ ...tokens, messages, add_generation_prompt: true, enable_thinking: thinks }),
    );
}

function attempt<T>(what: string, f: () => T): T {
  try {
    return f();
  } catch (cause) {
    const found = (cause as Error).message;
    const fix = 'use another template; texts are continued without any';
    throw new UserError(
      { what, expected: 'a template in Jinja, and messages as it takes them', found, fix },
      { cause },
    );
  }
}
