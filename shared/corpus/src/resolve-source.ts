/** @file What will be read: the question whose answer is part of a download's identity. */

import { UserError } from '@arrowsmith/errors';
import { hubAccess, locateHubFile } from './hub.ts';
import { describeFiles } from './local-files.ts';
import type { FileContent } from './local-files.ts';
import type {
  EmbeddedSource,
  FileSource,
  HubFile,
  HubSource,
  NpmPackage,
  PackageSource,
  PicturesSource,
  Source,
  UrlSource,
} from './parameters.ts';
import { registryAccess } from './npmrc.ts';
import { locatePackage, packageName } from './registry.ts';
import type { Fetch, Network } from './request.ts';
import { TransientFailure, probeRetries, withRetries } from './retry.ts';
import type { RetryPolicy } from './retry.ts';

/** A hub source without its fallback: pinned by checksums. */
export interface ResolvedHubSource extends Omit<HubSource, 'train' | 'validation' | 'whenUnreachable' | 'embedded'> {
  train: HubFile[];
  validation?: HubFile[];
}

/** Files of a package, as lists of patterns. */
export interface ResolvedPackage extends Omit<NpmPackage, 'train' | 'validation'> {
  train: string[];
  validation?: string[];
}

/** A source of packages without its fallback: pinned by checksums. */
export interface ResolvedPackageSource extends Omit<PackageSource, 'packages' | 'whenUnreachable' | 'embedded'> {
  packages: ResolvedPackage[];
}

/** Local files as they are now. */
export interface ResolvedFileSource extends Omit<FileSource, 'path' | 'validation'> {
  train: FileContent[];
  validation?: FileContent[];
}

/** A source whose text is determined: two that are equal give the same documents, on any machine. */
export type ResolvedSource =
  ResolvedHubSource | ResolvedPackageSource | UrlSource | ResolvedFileSource | EmbeddedSource | PicturesSource;

/** The answer, and whether it is another source than the one asked for. */
export interface Resolution {
  source: ResolvedSource;
  /** Why the embedded corpus takes the hub's place, in one line for logs and reports; undefined where it does not. */
  substitution?: string;
  /** How the hub failed: not part of anything's identity. */
  reason?: string;
}

export interface ResolveOptions {
  /** The workspace root, which local paths are relative to. */
  root: string;
  /** For HF_ENDPOINT, HF_TOKEN and the proxy variables; the process's own by default. */
  env?: Record<string, string | undefined>;
  fetch?: Fetch;
  signal?: AbortSignal;
  /** How long to try to reach the hub. */
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
export async function resolveSource(source: Source, options: ResolveOptions): Promise<Resolution> {
  switch (source.type) {
    case 'embedded':
    case 'pictures':
    case 'url':
      return { source };
    case 'file': {
      const { path, validation, ...rest } = source;
      const train = await describeFiles(path, options.root, options.signal);
      if (!validation) return { source: { ...rest, train } };
      const heldOut = await describeFiles(validation, options.root, options.signal);
      requireDisjoint(train, heldOut);
      return { source: { ...rest, train, validation: heldOut } };
    }
    case 'hub': {
      const { train, validation, whenUnreachable, embedded, ...rest } = source;
      const pinned = { ...rest, train: [train].flat(), ...(validation && { validation: [validation].flat() }) };
      requireDisjoint(pinned.train, pinned.validation ?? []);
      if (whenUnreachable === 'fail') return { source: pinned };
      const access = hubAccess(options.env ?? process.env);
      const failure = await unreachable(options, (network) => locateHubFile(pinned, pinned.train[0]!, access, network));
      if (failure === undefined) return { source: pinned };
      return {
        source: { type: 'embedded', ...embedded },
        substitution: `embedded corpus instead of ${source.repository}: the hub could not be reached`,
        reason: `${access.endpoint}: ${failure}`,
      };
    }
    case 'package': {
      const { packages, whenUnreachable, embedded, ...rest } = source;
      const pinned = { ...rest, packages: [packages].flat().map(withPatterns) };
      if (whenUnreachable === 'fail') return { source: pinned };
      const first = pinned.packages[0]!;
      const access = await registryAccess(first.name, options.root, options.env ?? process.env);
      const failure = await unreachable(options, (network) => locatePackage(first, access, network));
      if (failure === undefined) return { source: pinned };
      return {
        source: { type: 'embedded', ...embedded },
        substitution: `embedded corpus instead of ${packageName(first)}: the npm registry could not be reached`,
        reason: `${access.registry}: ${failure}`,
      };
    }
  }
}

const withPatterns = ({ train, validation, ...one }: NpmPackage): ResolvedPackage => ({
  ...one,
  train: [train].flat(),
  ...(validation && { validation: [validation].flat() }),
});

/** Tries to ask a server; returns the reason why it cannot be reached, if so. */
async function unreachable(
  { fetch = globalThis.fetch, signal, retries = probeRetries }: ResolveOptions,
  ask: (network: Network) => Promise<unknown>,
): Promise<string | undefined> {
  try {
    await withRetries(retries, signal, ({ silenceMs }) => ask({ fetch, signal, silenceMs }));
    return undefined;
  } catch (error) {
    if (error instanceof TransientFailure) return error.reason;
    throw error;
  }
}

/** The same text for training and validation is a mistake that no metric shows. */
function requireDisjoint(train: { sha256: string }[], validation: { path: string; sha256: string }[]): void {
  const training = new Set(train.map(({ sha256 }) => sha256));
  const shared = validation.find(({ sha256 }) => training.has(sha256));
  if (shared === undefined) return;
  throw new UserError({
    what: `${shared.path}: the same file is used for training and for validation`,
    fix: 'leave out the validation file: a share of the documents is then held out',
  });
}
