/** @file POST /v1/completions: texts that go on with prompts. */
import { randomUUID } from 'node:crypto';
import { answer, type AnswerContext, type AnswerFormat } from './answer.ts';
import type { TextRequest } from './continue-text.ts';
import { type CompletionRequest, parseCompletionRequest } from './requests/completion-request.ts';
import { parametersOf } from './requests/generation-fields.ts';
import { type CompletionPiece, completionPieces, joinPieces } from './responses/completion-choices.ts';
import type { Models } from './models.ts';
import { promptOf, type ServedModel } from './served-model.ts';
import { constraintsOf } from './text-constraints.ts';

/** Tokens where a request does not say how many, as OpenAI has it. */
const MAXIMUM_TOKENS = 16;

/** @param closed tells that nobody waits any more @throws ApiError for what is wrong with the request */
export async function completions(
  body: unknown,
  models: Models,
  context: AnswerContext,
  closed: AbortSignal,
): Promise<Response> {
  const request = parseCompletionRequest(body);
  const model = await models.get(request.model);
  const requests = textRequests(request, model);
  const asked = {
    model,
    requests,
    perPrompt: request.n ?? 1,
    isStreamed: request.stream ?? false,
    includesUsage: request.stream_options?.include_usage ?? false,
  };
  return answer(asked, formatOf(request, model, requests), context, closed);
}

function textRequests(request: CompletionRequest, model: ServedModel): TextRequest[] {
  const { max_tokens: maximum = MAXIMUM_TOKENS, logprobs, echo = false } = request;
  const { vocabularySize } = model.config;
  const parameters = parametersOf(request, { maximumTokens: Math.max(1, maximum), vocabularySize });
  const common = {
    parameters,
    isPromptOnly: maximum === 0,
    constraints: constraintsOf(request, model),
    salt: request.cache_salt,
    logProbabilities: logprobs,
    promptLogProbabilities: echo && logprobs !== undefined,
  };
  return request.prompts.map((given) => ({ ...common, prompt: promptOf(model, given, 'prompt') }));
}

function formatOf(
  { n = 1, stream_options: options, echo = false, logprobs }: CompletionRequest,
  { id: model, encoder }: ServedModel,
  requests: readonly TextRequest[],
): AnswerFormat<CompletionPiece> {
  const head = {
    id: `cmpl-${randomUUID().replaceAll('-', '')}`,
    object: 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model,
  };
  const pieces = requests.flatMap((each) => Array.from({ length: n }, () => completionPieces(encoder, each, echo)));
  const nothing = options?.include_usage === true ? { usage: null } : {};
  return {
    piece: (event, index) => pieces[index]?.(event),
    chunk: (piece, index) => ({ ...head, choices: [{ index, ...piece }], ...nothing }),
    usage: (usage) => ({ ...head, choices: [], usage }),
    whole: (all, usage) => {
      const choices = all.map((own, index) => ({ index, ...joinPieces(own, logprobs !== undefined) }));
      return { ...head, choices, usage };
    },
  };
}
