/** @file The fields of a request for a chat that say whether, and how much, the assistant is to think before it answers. */
import type { ChatTemplateOptions } from '@arrowsmith/inference';
import * as z from 'zod';
import { ApiError, unsupported } from '../api-error.ts';
import type { ServedModel } from '../served-model.ts';
import { optional } from './parse-fields.ts';

/** As vLLM has them; OpenAI's own models know all but the last. */
const effort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

export const thinkingFields = {
  /** What the chat template is told beside the messages. */
  chat_template_kwargs: optional(z.record(z.string(), z.unknown())),
  reasoning_effort: optional(effort),
};

const schema = z.object(thinkingFields);

/** What a request says of thoughts, to the server and to the template itself. */
export interface AskedThinking {
  effort: z.output<typeof effort> | undefined;
  /** Of `chat_template_kwargs`. */
  ofTemplate: { thinks: boolean | undefined; effort: string | undefined };
}

/** @throws ApiError for what a template is told beside enable_thinking and reasoning_effort, and where these are no boolean and no text */
export function askedThinking(fields: z.output<typeof schema>): AskedThinking {
  const { chat_template_kwargs: ofTemplate = {}, reasoning_effort: asked } = fields;
  const { enable_thinking: thinks, reasoning_effort: told, ...others } = ofTemplate;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    const param = `${KWARGS}.${other}`;
    throw unsupported(
      param,
      `'${param}' is not supported: templates are told 'enable_thinking' and 'reasoning_effort'.`,
    );
  }
  if (thinks != null && typeof thinks !== 'boolean') throw wrongType(`${KWARGS}.enable_thinking`, 'boolean');
  if (told != null && typeof told !== 'string') throw wrongType(`${KWARGS}.reasoning_effort`, 'string');
  return { effort: asked, ofTemplate: { thinks: thinks ?? undefined, effort: told ?? undefined } };
}

/**
 * What a model's template is told. As in vLLM, `reasoning_effort` is told as it is, and whether it is `none` turns thoughts off or on; what the
 * request tells the template itself counts more.
 *
 * @throws ApiError where the template does not know what it is told, and where a model that has no thoughts is asked for some
 */
export function thinkingOf(
  { effort: asked, ofTemplate }: AskedThinking,
  { chatTemplate: { names }, thinkingTags }: Pick<ServedModel, 'chatTemplate' | 'thinkingTags'>,
): ChatTemplateOptions {
  const knowsEffort = names.has('reasoning_effort');
  if (ofTemplate.effort !== undefined && !knowsEffort) {
    const param = `${KWARGS}.reasoning_effort`;
    const instead = thinkingTags === undefined ? 'Leave it out.' : `Ask for 'thinking_token_budget'.`;
    throw unsupported(param, `'${param}' is not supported: the chat template of this model knows none. ${instead}`);
  }
  const canThink = knowsEffort || names.has('enable_thinking') || thinkingTags !== undefined;
  if (asked !== undefined && asked !== 'none' && !canThink) {
    const message = `'reasoning_effort' is not supported: this model has no thoughts before its answers. Leave it out, or say none.`;
    throw unsupported('reasoning_effort', message);
  }
  const { thinks = asked && asked !== 'none', effort: told = asked } = ofTemplate;
  return {
    ...(thinks === undefined ? {} : { thinks }),
    ...(told === undefined || !knowsEffort ? {} : { effort: told }),
  };
}

const KWARGS = 'chat_template_kwargs';

const wrongType = (param: string, expected: string): ApiError =>
  new ApiError(400, `Invalid '${param}': expected ${expected}.`, { param, code: 'invalid_type' });
