/** @file POST /v1/chat/completions: what an assistant says next. */
import { randomUUID } from 'node:crypto';
import { answer, type AnswerContext, type AnswerFormat } from './answer.ts';
import type { TextRequest } from './continue-text.ts';
import type { Models } from './models.ts';
import { type ChatRequest, parseChatRequest } from './requests/chat-request.ts';
import { parametersOf } from './requests/generation-fields.ts';
import { thinkingOf } from './requests/thinking-fields.ts';
import { type ChatPiece, chatPieces, joinAnswer } from './responses/chat-choices.ts';
import { chatPromptOf, type ServedModel } from './served-model.ts';
import { constraintsOf } from './text-constraints.ts';

/** @param closed tells that nobody waits any more @throws ApiError for what is wrong with the request */
export async function chatCompletions(
  body: unknown,
  models: Models,
  context: AnswerContext,
  closed: AbortSignal,
): Promise<Response> {
  const request = parseChatRequest(body);
  const model = await models.get(request.model);
  const asked = {
    model,
    requests: [textRequest(request, model)],
    perPrompt: request.n ?? 1,
    isStreamed: request.stream ?? false,
    includesUsage: request.stream_options?.include_usage ?? false,
  };
  return answer(asked, formatOf(request, model), context, closed);
}

function textRequest(request: ChatRequest, model: ServedModel): TextRequest {
  const {
    messages,
    thinking: asked,
    max_tokens: most,
    max_completion_tokens: maximum = most,
    logprobs = false,
  } = request;
  const { contextLength } = model;
  const { vocabularySize } = model.config;
  const { stop } = model.chatTemplate;
  const thinking = thinkingOf(asked, model);
  const prompt = chatPromptOf(model, messages, thinking);
  // Without a word, an answer may fill the context.
  const parameters = parametersOf(request, { maximumTokens: maximum ?? contextLength, vocabularySize, stop });
  return {
    prompt,
    parameters,
    constraints: constraintsOf(request, model, { thinks: thinking.thinks !== false }),
    salt: request.cache_salt,
    logProbabilities: logprobs ? (request.top_logprobs ?? 0) : undefined,
  };
}

function formatOf(
  { stream_options: options, logprobs = false }: ChatRequest,
  { id: model, encoder }: ServedModel,
): AnswerFormat<ChatPiece> {
  const head = {
    id: `chatcmpl-${randomUUID().replaceAll('-', '')}`,
    created: Math.floor(Date.now() / 1000),
    model,
  };
  const ofChunk = { ...head, object: 'chat.completion.chunk' };
  const nothing = options?.include_usage === true ? { usage: null } : {};
  const chunk = (
    index: number,
    delta: object,
    { logprobs: told, finish_reason: reason }: Omit<ChatPiece, 'content'>,
  ) => ({
    ...ofChunk,
    choices: [{ index, delta, logprobs: told, finish_reason: reason }],
    ...nothing,
  });
  return {
    piece: chatPieces(encoder, logprobs),
    begin: (index) => chunk(index, { role: 'assistant', content: '' }, { logprobs: null, finish_reason: null }),
    chunk: ({ content, ...piece }, index) => chunk(index, piece.finish_reason === null ? { content } : {}, piece),
    usage: (usage) => ({ ...ofChunk, choices: [], usage }),
    whole: (all, usage) => {
      const choices = all.map((own, index) => {
        const { content, ...piece } = joinAnswer(own, logprobs);
        return { index, message: { role: 'assistant', content, refusal: null }, ...piece };
      });
      return { ...head, object: 'chat.completion', choices, usage };
    },
  };
}
