/** @file Retries with exponential backoff, for failures of the network that may pass. */

import { setTimeout as sleep } from 'node:timers/promises';

/** A failure that may pass: no connection, a cut one, silence, or an answer of 429 or 5xx. */
export class TransientFailure extends Error {
  /** In a word or two, for messages: `ENOTFOUND`, `HTTP 503`. */
  readonly reason: string;
  /** How long the server asked to wait (Retry-After), in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** A name that does not resolve or a certificate that does not fit: trying again at once will not help. */
  readonly lasting: boolean;
  /** Something came, but next to nothing. */
  readonly slow: boolean;

  constructor(
    reason: string,
    options: { retryAfterMs?: number; lasting?: boolean; slow?: boolean; cause?: unknown } = {},
  ) {
    super(`transient network failure: ${reason}`, { cause: options.cause });
    this.name = 'TransientFailure';
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
    this.lasting = options.lasting ?? false;
    this.slow = options.slow ?? false;
  }
}

/** How long to keep trying; all times in milliseconds. */
export interface RetryPolicy {
  /** Failures in a row, without progress between them, after which to give up. */
  attempts: number;
  /** Wait after the first failure; it doubles with each further one. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** The longest wait that a server may ask for. */
  maxRetryAfterMs: number;
  /** The longest silence of a server, before its answer and within it. */
  silenceMs: number;
  /** The slowest rate to accept, in bytes per second over a time of `silenceMs`. What comes more slowly is as good as silence. */
  minimumRate: number;
  /** Time without progress after which to give up, waits that the server asked for not counted. */
  giveUpAfterMs: number;
}

/** For downloads: gives up within half a minute when nothing, or next to nothing, comes; what has come so far stays and is resumed by the next run. */
export const downloadRetries: RetryPolicy = {
  attempts: 6,
  firstDelayMs: 500,
  maxDelayMs: 8_000,
  maxRetryAfterMs: 60_000,
  silenceMs: 10_000,
  minimumRate: 500,
  giveUpAfterMs: 25_000,
};

/** For the question whether a server is there at all: answered within 10 s. */
export const probeRetries: RetryPolicy = {
  attempts: 2,
  firstDelayMs: 500,
  maxDelayMs: 500,
  maxRetryAfterMs: 1_000,
  silenceMs: 8_000,
  minimumRate: 0,
  giveUpAfterMs: 9_000,
};

/** What one attempt is given. */
export interface Attempt {
  /** The longest silence to accept, in milliseconds. */
  silenceMs: number;
  /** The slowest rate to accept, in bytes per second. */
  minimumRate: number;
  /** To be called when something was gained that the next attempt will not have to repeat. */
  progressed: () => void;
}

/**
 * Calls `attempt` until it succeeds, it fails for good, or the policy is exhausted.
 *
 * @param attempt throws {@link TransientFailure} for what may pass; every other error ends the retries
 * @throws the last error of `attempt`, or the signal's reason
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  attempt: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  let failures = 0;
  let everProgressed = false;
  let deadline = performance.now() + policy.giveUpAfterMs;
  const progressed = () => {
    failures = 0;
    everProgressed = true;
    deadline = performance.now() + policy.giveUpAfterMs;
  };
  for (;;) {
    signal?.throwIfAborted();
    try {
      const remaining = Math.max(1, deadline - performance.now());
      const { minimumRate } = policy;
      return await attempt({ silenceMs: Math.min(policy.silenceMs, remaining), minimumRate, progressed });
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      failures++;
      const backoff = Math.min(policy.firstDelayMs * 2 ** (failures - 1), policy.maxDelayMs);
      const delay = Math.max(error.retryAfterMs ?? 0, backoff);
      if (failures >= policy.attempts || (error.lasting && !everProgressed)) throw error;
      if (error.retryAfterMs !== undefined) {
        if (error.retryAfterMs > policy.maxRetryAfterMs) throw error;
        deadline += delay;
      } else if (performance.now() + delay >= deadline) throw error;
      await sleep(delay, undefined, { signal });
    }
  }
}
