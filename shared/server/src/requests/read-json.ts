/** @file The body of a request, as long as it is no larger than it may be. */
import { ApiError } from '../api-error.ts';

/** @throws ApiError for what is no JSON, does not say that it is, is cut off, or is larger than `most` bytes */
export async function readJson(request: Request, most: number): Promise<unknown> {
  // A page of any origin can send other types to a server on this machine without asking first.
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('Content-Type') ?? '')) {
    const message = `Expected the header 'Content-Type: application/json'.`;
    throw new ApiError(415, message, { code: 'unsupported_media_type' });
  }
  const text = await readText(request, most).catch((cause: unknown) => {
    throw cause instanceof ApiError ? cause : cutOff(cause);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const message = `We could not parse the JSON body of your request: ${(cause as Error).message}`;
    throw new ApiError(400, message, { code: 'invalid_json' }, { cause });
  }
}

/** What is too large is not read to its end, nor at all where it says how large it is. */
async function readText({ headers, body }: Request, most: number): Promise<string> {
  if (Number(headers.get('Content-Length') ?? 0) > most) throw tooLarge(most);
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > most) throw tooLarge(most);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const cutOff = (cause: unknown): ApiError =>
  new ApiError(400, 'The body of the request was cut off.', { code: 'incomplete_body' }, { cause });

const tooLarge = (most: number): ApiError =>
  new ApiError(413, `The body is larger than ${most} bytes.`, { code: 'request_too_large' });
