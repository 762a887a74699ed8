/** @file One HTTP request, watched for silence, whose passing failures are told from final ones. */

import { TransientFailure } from './retry.ts';

export type Fetch = typeof globalThis.fetch;

/** What a request needs from its surroundings. */
export interface Network {
  fetch: Fetch;
  /** The longest silence of the server, in milliseconds. */
  silenceMs: number;
  /** The slowest rate of an answer's body, in bytes per second over a time of `silenceMs`; any by default. */
  minimumRate?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** An answered request; `close` must be called, after which nothing more arrives. */
export interface OpenRequest {
  response: Response;
  /** The body, chunk by chunk. */
  chunks: () => AsyncGenerator<Uint8Array>;
  close: () => void;
}

/** Failures that a further attempt within seconds will meet again: name resolution and TLS. */
const LASTING =
  /^(ENOTFOUND|EAI_AGAIN|EPROTO|CERT_.*|ERR_TLS_.*|ERR_SSL_.*|UNABLE_TO_VERIFY_.*|.*_CERT_.*|.*_CERT|.*_ISSUER_.*)$/;

/**
 * Sends a request and waits for the head of the answer.
 *
 * @returns an answer of any status but 429 and 5xx
 * @throws {TransientFailure} when there is no connection or no answer, or the answer is 429 or 5xx
 */
export async function openRequest(url: string, init: RequestInit, network: Network): Promise<OpenRequest> {
  const controller = new AbortController();
  const silence = new TransientFailure('no answer in time');
  const watchdog = setTimeout(() => controller.abort(silence), network.silenceMs);
  const signals = [controller.signal, ...(network.signal ? [network.signal] : [])];
  let speed: NodeJS.Timeout | undefined;
  const close = () => {
    clearTimeout(watchdog);
    clearInterval(speed);
    controller.abort();
  };
  const failed = (error: unknown) => {
    close();
    if (network.signal?.aborted) return network.signal.reason;
    const { reason } = controller.signal;
    return reason instanceof TransientFailure ? reason : connectionFailure(error);
  };

  let response: Response;
  try {
    response = await network.fetch(url, { ...init, signal: AbortSignal.any(signals) });
  } catch (error) {
    throw failed(error);
  }
  watchdog.refresh();
  if (response.status === 429 || response.status >= 500) {
    close();
    throw new TransientFailure(`HTTP ${response.status}`, retryAfter(response.headers.get('retry-after')));
  }

  async function* chunks(): AsyncGenerator<Uint8Array> {
    let received = 0; // since the last look
    const { minimumRate = 0, silenceMs } = network;
    const seconds = silenceMs / 1000;
    speed = setInterval(() => {
      if (received < minimumRate * seconds) {
        const rate = `no more than ${received} bytes in ${seconds.toFixed(1)} s`;
        controller.abort(new TransientFailure(rate, { slow: true }));
      }
      received = 0;
    }, silenceMs);
    try {
      for await (const chunk of response.body ?? []) {
        watchdog.refresh();
        received += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw failed(error);
    }
  }
  return { response, chunks, close };
}

/** `fetch` reports every failure of a connection as "fetch failed"; the reason is in the error's cause. */
function connectionFailure(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  return new TransientFailure(code, { lasting: LASTING.test(code), cause: error });
}

/** Retry-After is a number of seconds or a date (RFC 9110, section 10.2.3). */
function retryAfter(header: string | null): { retryAfterMs?: number } {
  if (header === null) return {};
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? {} : { retryAfterMs: Math.max(0, ms) };
}

/** Node's fetch ignores the usual proxy variables unless it is told to use them (since Node 22.21 and 24). */
export function proxyAdvice(env: Record<string, string | undefined>): string | undefined {
  const proxied = env.HTTPS_PROXY || env.https_proxy || env.HTTP_PROXY || env.http_proxy;
  if (!proxied || env.NODE_USE_ENV_PROXY === '1') return undefined;
  return `to use the proxy of your environment, set NODE_USE_ENV_PROXY=1 (Node 22.21, 24 or newer; this is ${process.version})`;
}
