/** @file The fields that completions and chats have in common. Those that OpenAI does not have are vLLM's. */
import { randomInt } from 'node:crypto';
import { generationParameters, type GenerationParameters, REPETITION_PENALTY } from '@arrowsmith/generation';
import * as z from 'zod';
import { ApiError } from '../api-error.ts';
import { outputFields } from './output-fields.ts';
import { optional } from './parse-fields.ts';

/** Stop strings of a request at most: each token is compared with all of them. */
const STOPS = 16;

/** Seeds that generation takes; others are taken modulo this. */
const SEEDS = 2 ** 31;

export const generationFields = {
  ...outputFields,
  /** Of which model; the default one where it is left out. */
  model: optional(z.string()),
  n: optional(z.int().min(1).max(128)),
  temperature: optional(z.number().min(0).max(2)),
  top_p: optional(z.number().min(0).max(1)),
  top_k: optional(z.int().min(-1)),
  min_p: optional(z.number().min(0).max(1)),
  repetition_penalty: optional(z.number().min(REPETITION_PENALTY.least).max(REPETITION_PENALTY.most)),
  presence_penalty: optional(z.number().min(-2).max(2)),
  frequency_penalty: optional(z.number().min(-2).max(2)),
  logit_bias: optional(z.record(z.string(), z.number().min(-100).max(100))),
  stop: optional(
    z.union([z.string().min(1), z.array(z.string().min(1)).max(STOPS)], {
      error: `expected a string or an array of at most ${STOPS} strings, none of them empty`,
    }),
  ),
  seed: optional(z.int()),
  /** Whose computed prompts may be used: those of requests with the same one alone. */
  cache_salt: optional(z.string().min(1)),
  stream: optional(z.boolean()),
  stream_options: optional(z.object({ include_usage: optional(z.boolean()) })),
};

const schema = z.object(generationFields);

/** Checked fields of {@link generationFields}. */
export type GenerationFields = z.output<typeof schema>;

/**
 * The parameters of generation that fields stand for.
 *
 * @param maximumTokens what the field of that meaning says
 * @param stop strings that end a text beside those of the request
 * @throws ApiError for a bias of a token that is not in the vocabulary, and a stop string that is no text
 */
export function parametersOf(
  fields: GenerationFields,
  {
    maximumTokens,
    vocabularySize,
    stop = [],
  }: { maximumTokens: number; vocabularySize: number; stop?: readonly string[] },
): GenerationParameters {
  const { logit_bias: logitBias = {}, stop: asked = [], min_tokens: minimumTokens = 0 } = fields;
  if (minimumTokens > maximumTokens) {
    const message = `Invalid 'min_tokens': expected at most ${maximumTokens}, the tokens of the text at most.`;
    throw new ApiError(400, message, { param: 'min_tokens', code: 'invalid_value' });
  }
  for (const id of Object.keys(logitBias)) {
    if (/^(0|[1-9]\d*)$/.test(id) && Number(id) < vocabularySize) continue;
    const message = `Invalid 'logit_bias': expected token ids from 0 to ${vocabularySize - 1}, received ${JSON.stringify(id)}.`;
    throw new ApiError(400, message, { param: 'logit_bias', code: 'invalid_value' });
  }
  const parsed = generationParameters.safeParse({
    temperature: fields.temperature,
    topK: Math.max(0, fields.top_k ?? 0),
    topP: fields.top_p === 0 ? Number.MIN_VALUE : fields.top_p, // the most likely token is always kept
    minP: fields.min_p,
    repetitionPenalty: fields.repetition_penalty,
    presencePenalty: fields.presence_penalty,
    frequencyPenalty: fields.frequency_penalty,
    logitBias,
    stop: [...(typeof asked === 'string' ? [asked] : asked), ...stop],
    seed: fields.seed === undefined ? randomInt(SEEDS) : ((fields.seed % SEEDS) + SEEDS) % SEEDS,
    maximumTokens,
    minimumTokens,
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = String(issue?.path[0] ?? '');
  throw new ApiError(400, `Invalid '${param}': ${issue?.message ?? 'it is not understood'}.`, {
    param,
    code: 'invalid_value',
  });
}
