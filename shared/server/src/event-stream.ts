/** @file Server-sent events: each a JSON object, as OpenAI's streams have them. */
import { toApiError } from './api-error.ts';

const utf8 = new TextEncoder();

const eventOf = (data: string): Uint8Array => utf8.encode(`data: ${data}\n\n`);

/**
 * A response that streams objects, as fast as they are read, and ends with `[DONE]`. An error is the last object.
 *
 * @param onCancel is called where nobody reads any more
 * @param onError is told of an error
 */
export function eventStream(
  objects: AsyncGenerator<object, void, undefined>,
  { onCancel, onError }: { onCancel: () => void; onError: (error: unknown) => void },
): Response {
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await objects.next().catch((error: unknown) => {
        onError(error);
        return { value: toApiError(error).body };
      });
      if (next.value !== undefined) controller.enqueue(eventOf(JSON.stringify(next.value)));
      else {
        controller.enqueue(eventOf('[DONE]'));
        controller.close();
      }
    },
    async cancel() {
      onCancel();
      await objects.return();
    },
  });
  return new Response(body, {
    headers: { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache' },
  });
}
