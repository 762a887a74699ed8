/** @file What POST /v1/completions takes. */
import * as z from 'zod';
import { unsupported } from '../api-error.ts';
import { generationFields } from './generation-fields.ts';
import { optional, parseFields } from './parse-fields.ts';
import { refuseUnsupported } from './unsupported-fields.ts';

const tokens = z.array(z.int()).min(1);

const schema = z.object({
  ...generationFields,
  prompt: optional(
    z.union([z.string(), tokens, z.array(z.string()).min(1), z.array(tokens).min(1)], {
      error:
        'expected a string, an array of strings, an array of token ids, or an array of such arrays, none of them empty',
    }),
  ),
  max_tokens: optional(z.int().min(0)),
  /** How many of the most likely tokens are told beside each. */
  logprobs: optional(z.int().min(0).max(20)),
  echo: optional(z.boolean()),
  best_of: optional(z.int()),
  suffix: optional(z.string()),
  chat_template_kwargs: optional(z.unknown()),
  reasoning_effort: optional(z.unknown()),
});

/** Checked fields of a request for completions. */
export type CompletionRequest = Omit<
  z.output<typeof schema>,
  'prompt' | 'best_of' | 'suffix' | 'chat_template_kwargs' | 'reasoning_effort'
> & {
  /** Texts or token ids; an empty text where there is none. */
  prompts: readonly (string | readonly number[])[];
};

/** @throws ApiError for a field that is wrong, and for what this server does not do */
export function parseCompletionRequest(body: unknown): CompletionRequest {
  const {
    prompt = '',
    best_of: bestOf,
    suffix = '',
    chat_template_kwargs: ofTemplate,
    reasoning_effort: effort,
    ...fields
  } = parseFields(schema, body);
  refuseUnsupported(body as object);
  for (const [name, value] of Object.entries({ chat_template_kwargs: ofTemplate, reasoning_effort: effort })) {
    if (value === undefined) continue;
    throw unsupported(name, `'${name}' is not supported here: there is no template. Ask for chat completions.`);
  }
  if (bestOf !== undefined && bestOf !== (fields.n ?? 1)) {
    throw unsupported('best_of', `'best_of' other than 'n' is not supported: ask for n=${bestOf}, and choose.`);
  }
  if (suffix !== '') {
    throw unsupported(
      'suffix',
      `'suffix' is not supported: these models continue a text, and insert nothing into one.`,
    );
  }
  return { ...fields, prompts: promptsOf(prompt) };
}

/** Ids of one prompt, or a list of prompts: what the first element is tells. */
function promptsOf(prompt: string | number[] | string[] | number[][]): readonly (string | readonly number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return isTokens(prompt) ? [prompt] : prompt;
}

const isTokens = (prompt: readonly unknown[]): prompt is number[] => typeof prompt[0] === 'number';
