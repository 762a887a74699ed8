/** @file What will be read: the question whose answer is part of a download's identity. */

import type { Fetch } from './request.ts';
import { TransientFailure, probeRetries, withRetries } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import { sourceTypeOf } from './sources/index.ts';
import type { ResolvedSource, Source } from './sources/index.ts';
import type { Probe, Surroundings } from './sources/source-type.ts';

/** The answer, and whether it is another source than the one asked for. */
export interface Resolution {
  source: ResolvedSource;
  /** Why the embedded corpus takes the place of a server's text, in one line for logs and reports; undefined where it does not. */
  substitution?: string;
  /** How the server failed: not part of anything's identity. */
  reason?: string;
}

export interface ResolveOptions extends Surroundings {
  /** Whether the text of a source is here already, so that its server need not be asked. */
  isKnown?: (source: ResolvedSource) => Promise<boolean>;
  fetch?: Fetch;
  /** How long to try to reach a server. */
  retries?: RetryPolicy;
}

/**
 * Finds out what a source means here and now: local files are listed and hashed; a source of the hub or of packages that may be replaced by the
 * embedded corpus is replaced when the hub or the registry cannot be reached (no name resolution, connection, TLS or answer; 429 or 5xx even
 * after retries). What they answer is never a reason for it: a refusal, a missing file, a wrong size or checksum is an
 * error. Takes 10 s at most for them.
 *
 * @throws {UserError} for missing local files, and for a hub or registry that does not have, or does not give, what is pinned
 */
export async function resolveSource(asked: Source, options: ResolveOptions): Promise<Resolution> {
  const type = sourceTypeOf(asked);
  const source = await type.resolve(asked, options);
  const { server } = type;
  const fallback = server?.fallback(asked);
  if (server === undefined || fallback === undefined || (await options.isKnown?.(source))) return { source };
  const probe = await server.probe(source, options);
  const failure = await unreachable(probe, options);
  if (failure === undefined) return { source };
  return {
    source: fallback,
    substitution: `embedded corpus instead of ${probe.what}: the ${server.name} could not be reached`,
    reason: `${probe.address}: ${failure}`,
  };
}

/** Tries to ask a server; returns the reason why it cannot be reached, if so. */
async function unreachable(
  { ask }: Probe,
  { fetch = globalThis.fetch, signal, retries = probeRetries }: ResolveOptions,
): Promise<string | undefined> {
  try {
    await withRetries(retries, signal, ({ silenceMs }) => ask({ fetch, signal, silenceMs }));
    return undefined;
  } catch (error) {
    if (error instanceof TransientFailure) return error.reason;
    throw error;
  }
}
