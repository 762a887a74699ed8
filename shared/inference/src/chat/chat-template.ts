/** @file Conversations as a model was trained to read them: Hugging Face's chat templates, in Jinja. */
import { Template } from '@huggingface/jinja';
import { UserError } from '@arrowsmith/errors';

/** What somebody said. */
export interface Message {
  role: 'system' | 'developer' | 'user' | 'assistant';
  content: string;
}

/** What a template may be told beside the messages. */
export interface ChatTemplateOptions {
  /** Whether the assistant is to think before it answers, as `enable_thinking`; by default it is. */
  thinks?: boolean;
  /** How much it is to think, as `reasoning_effort`: `low`. */
  effort?: string;
}

/** Writes a conversation, up to where the assistant goes on. */
export type ChatTemplate = (messages: readonly Message[], options?: ChatTemplateOptions) => string;

/**
 * @param source in Jinja
 * @param tokens what it may name beside the messages, such as `bos_token`
 * @returns the template, which throws a UserError for messages that it refuses, such as two of one role in a row
 * @throws UserError where it is none
 */
export function chatTemplate(source: string, tokens: Readonly<Record<string, string>> = {}): ChatTemplate {
  const template = parsed(source);
  return (messages, { thinks = true, effort } = {}) =>
    attempt('the chat template of the model refuses the conversation', () =>
      template.render({
        ...tokens,
        messages,
        add_generation_prompt: true,
        enable_thinking: thinks,
        ...(effort === undefined ? {} : { reasoning_effort: effort }),
      }),
    );
}

/** The names that a template reads or sets, which tell what it can be told. @throws UserError where it is none */
export function templateNames(source: string): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('type' in node && node.type === 'Identifier' && 'value' in node) names.add(String(node.value));
    for (const part of node instanceof Map ? [...node.entries()].flat() : Object.values(node)) visit(part);
  };
  visit(parsed(source).parsed);
  return names;
}

const parsed = (source: string): Template =>
  attempt('the chat template of the model is not understood', () => new Template(source));

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
