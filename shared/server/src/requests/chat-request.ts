/** @file What POST /v1/chat/completions takes. */
import * as z from 'zod';
import { ApiError, unsupported } from '../api-error.ts';
import type { ChatMessage } from '../chat-template.ts';
import { generationFields } from './generation-fields.ts';
import { optional, parseFields } from './parse-fields.ts';
import { type AskedThinking, askedThinking, thinkingFields } from './thinking-fields.ts';
import { refuseUnsupported } from './unsupported-fields.ts';

const part = z.object({ type: z.string(), text: optional(z.unknown()) });

const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: optional(z.union([z.string(), z.array(part)], { error: 'expected a string or an array of parts' })),
});

const schema = z.object({
  ...generationFields,
  messages: z.array(message).min(1),
  max_tokens: optional(z.int().min(1)),
  max_completion_tokens: optional(z.int().min(1)),
  logprobs: optional(z.boolean()),
  top_logprobs: optional(z.int().min(0).max(20)),
  ...thinkingFields,
  tools: optional(z.array(z.unknown())),
  tool_choice: optional(z.unknown()),
  functions: optional(z.array(z.unknown())),
  function_call: optional(z.unknown()),
});

type Fields = z.output<typeof schema>;

/** Checked fields of a request for a chat. */
export type ChatRequest = Omit<
  Fields,
  'messages' | 'tools' | 'tool_choice' | 'functions' | 'function_call' | keyof typeof thinkingFields
> & {
  messages: ChatMessage[];
  thinking: AskedThinking;
};

/** @throws ApiError for a field that is wrong, and for what this server does not do */
export function parseChatRequest(body: unknown): ChatRequest {
  const {
    messages,
    tools = [],
    tool_choice: choice,
    functions = [],
    function_call: call,
    chat_template_kwargs: ofTemplate,
    reasoning_effort: effort,
    ...fields
  } = parseFields(schema, body);
  refuseUnsupported(body as object);
  const asked = Object.entries({
    tools: tools.length > 0,
    functions: functions.length > 0,
    tool_choice: isCall(choice),
    function_call: isCall(call),
  });
  for (const [name, isAsked] of asked) {
    if (isAsked)
      throw unsupported(
        name,
        `'${name}' is not supported: these models call nothing. Leave it out, or ask for JSON by 'response_format'.`,
      );
  }
  if (fields.top_logprobs !== undefined && fields.logprobs !== true) {
    throw new ApiError(400, `'top_logprobs' needs 'logprobs' to be true.`, {
      param: 'top_logprobs',
      code: 'invalid_value',
    });
  }
  return {
    ...fields,
    messages: messages.map(plainMessage),
    thinking: askedThinking({ chat_template_kwargs: ofTemplate, reasoning_effort: effort }),
  };
}

/** Whether a choice of tools asks for one. */
const isCall = (choice: unknown): boolean => choice != null && choice !== 'none' && choice !== 'auto';

/** A message whose content is one text. @throws ApiError for parts that are no text, and messages of tools */
function plainMessage({ role, content }: Fields['messages'][number], i: number): ChatMessage {
  const param = `messages[${i}]`;
  if (role === 'tool' || role === 'function')
    throw unsupported(`${param}.role`, `Messages of tools are not supported: '${param}.role' is ${role}.`);
  if (content === undefined) {
    throw new ApiError(400, `Missing required parameter: '${param}.content'.`, {
      param: `${param}.content`,
      code: 'missing_required_parameter',
    });
  }
  if (typeof content === 'string') return { role, content };
  const texts = content.map(({ type, text }, j) => {
    const at = `${param}.content[${j}]`;
    if (type !== 'text')
      throw unsupported(
        `${at}.type`,
        `Only parts of the type text are supported: '${at}.type' is ${JSON.stringify(type)}.`,
      );
    if (typeof text === 'string') return text;
    throw new ApiError(400, `Invalid '${at}.text': expected string.`, { param: `${at}.text`, code: 'invalid_type' });
  });
  return { role, content: texts.join('') };
}
