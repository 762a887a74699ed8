/** @file Texts as the answer to a request: whole, or piece by piece. */
import { setMaxListeners } from 'node:events';
import type { Admission } from './admission.ts';
import { ApiError } from './api-error.ts';
import { continueText, type TextEvent, type TextRequest } from './continue-text.ts';
import { eventStream } from './event-stream.ts';
import { merged } from './merged.ts';
import type { Metrics } from './metrics.ts';
import { type Usage, UsageCount } from './responses/usage.ts';
import type { ServedModel } from './served-model.ts';

/** What answers are made with. */
export interface AnswerContext {
  admission: Admission;
  metrics: Metrics;
  /** Is told of what is a defect of the server. */
  onError: (error: unknown) => void;
}

/** The texts that a request asks for. */
export interface Asked {
  model: ServedModel;
  /** One for each prompt. Texts are numbered in this order; those of one prompt follow each other. */
  requests: readonly TextRequest[];
  /** Texts of each prompt. */
  perPrompt: number;
  isStreamed: boolean;
  /** A stream ends with its usage. */
  includesUsage: boolean;
}

/** How an endpoint says what becomes of texts. */
export interface AnswerFormat<Piece> {
  piece(event: TextEvent, index: number): Piece | undefined;
  /** Before the first piece of each text, in a stream. */
  begin?(index: number): object;
  chunk(piece: Piece, index: number): object;
  /** The last chunk, where usage is asked for. */
  usage(usage: Usage): object;
  /** @param texts the pieces of each */
  whole(texts: readonly (readonly Piece[])[], usage: Usage): object;
}

/**
 * Answers a request. Whoever closes the connection gives back at once what the texts hold.
 *
 * @param closed tells that nobody waits for the answer any more
 * @throws ApiError where there are too many texts already
 */
export async function answer<Piece>(
  asked: Asked,
  format: AnswerFormat<Piece>,
  { admission, metrics, onError }: AnswerContext,
  closed: AbortSignal,
): Promise<Response> {
  const { model, requests, perPrompt, isStreamed, includesUsage } = asked;
  const texts = requests.length * perPrompt;
  const leave = admission.enter(texts);
  const controller = new AbortController();
  const { signal } = controller;
  setMaxListeners(texts, signal); // each text listens
  const stop = (): void => {
    controller.abort(new ApiError(499, 'The client closed the connection.'));
    leave();
  };
  closed.addEventListener('abort', stop, { once: true });
  if (closed.aborted) stop();
  const count = new UsageCount(
    requests.map(({ prompt }) => prompt),
    perPrompt,
  );
  const end = (): void => {
    closed.removeEventListener('abort', stop);
    metrics.used(count.usage);
    leave();
  };

  async function* pieces(): AsyncGenerator<{ index: number; piece: Piece }, void, undefined> {
    try {
      for await (const { index, value } of merged(
        requests.flatMap((request) => continueText(model, request, perPrompt, { signal, meter: metrics })),
      )) {
        count.add(value, index);
        const piece = format.piece(value, index);
        if (piece !== undefined) yield { index, piece };
      }
    } finally {
      end();
    }
  }

  async function* chunks(): AsyncGenerator<object, void, undefined> {
    if (format.begin !== undefined) for (let index = 0; index < texts; index++) yield format.begin(index);
    for await (const { index, piece } of pieces()) yield format.chunk(piece, index);
    if (includesUsage) yield format.usage(count.usage);
  }

  if (isStreamed) return eventStream(chunks(), { onCancel: stop, onError });
  const gathered = Array.from({ length: texts }, (): Piece[] => []);
  for await (const { index, piece } of pieces()) gathered[index]?.push(piece);
  return Response.json(format.whole(gathered, count.usage));
}
