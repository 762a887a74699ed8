/** @file Files on the Hugging Face hub: where a pinned file is, whether the hub has what was pinned, and its download. */

import { UserError } from '@arrowsmith/errors';
import { HubApiError, InvalidApiResponseFormatError, fileDownloadInfo } from '@huggingface/hub';
import type { RepoDesignation } from '@huggingface/hub';
import { wrongSize } from './download.ts';
import type { Download } from './download.ts';
import type { CorpusFile } from './formats/corpus-file.ts';
import { type HubAccess, hubAccess } from './hub-access.ts';
import { obtainFile } from './obtain-files.ts';
import type { ObtainOptions } from './obtain-files.ts';
import { openRequest, proxyAdvice } from './request.ts';
import type { Network, OpenRequest } from './request.ts';
import { TransientFailure, downloadRetries, withRetries } from './retry.ts';

/** A commit of a repository. */
interface Repository {
  repository: string;
  revision: string;
}

/** One of its files, as it is pinned. */
export interface HubFile {
  path: string;
  bytes: number;
  sha256: string;
  /** Fetch only so many bytes from its beginning. */
  firstBytes?: number | undefined;
}

/** How a file of the hub is called in messages: `datasets/roneneldan/TinyStories@f54c09f/data.txt`. */
function hubFileName({ repository, revision }: Repository, file: Pick<HubFile, 'path'>): string {
  return `${repository}@${revision.slice(0, 7)}/${file.path}`;
}

/**
 * Asks the hub where a file is, once, and compares its size and checksum there with the pinned ones, before anything is
 * downloaded. (The hub knows the sha256 of every file that is not in Git itself, from the header X-Linked-ETag.)
 *
 * @returns the download, for the hub's plain HTTP interface: xet transfers cannot be resumed
 * @throws {UserError} when access is refused, there is no such file, or it is not the pinned one
 * @throws {TransientFailure} when the hub cannot be reached
 */
export async function locateHubFile(
  source: Repository,
  file: HubFile,
  access: HubAccess,
  network: Network,
): Promise<Download> {
  const name = hubFileName(source, file);
  const refusal = (status: number, detail?: string) => hubRefusal(source, file, access, status, detail);
  let asked: { url: string; request: OpenRequest } | undefined;
  try {
    const info = await fileDownloadInfo({
      repo: source.repository as RepoDesignation,
      path: file.path.split('/').map(encodeURIComponent).join('/'),
      revision: source.revision,
      hubUrl: access.endpoint,
      ...(access.accessToken !== undefined && { accessToken: access.accessToken }),
      fetch: async (url, init) => {
        asked = { url: String(url), request: await openRequest(String(url), init ?? {}, network) };
        return asked.request.response;
      },
    }).catch((error: unknown) => {
      if (error instanceof HubApiError) throw refusal(error.statusCode, error.message);
      // A mirror or proxy that ignores the range of this request does not tell the size; the download itself will.
      if (error instanceof InvalidApiResponseFormatError && asked) return { url: asked.url, size: file.bytes };
      throw error;
    });
    if (info === null) throw refusal(404);
    const { url } = info;
    if (info.size !== file.bytes) throw wrongSize({ name, url, bytes: file.bytes }, `${info.size} bytes`);
    checkLinkedChecksum(name, file, url, asked?.request.response);
    // The token is the hub's: it must not reach another host.
    const authorized = access.accessToken !== undefined && new URL(url).origin === new URL(access.endpoint).origin;
    return {
      url,
      ...(authorized && { headers: { Authorization: `Bearer ${access.accessToken}` } }),
      name,
      sha256: file.sha256,
      bytes: file.bytes,
      firstBytes: file.firstBytes,
      refusal,
    };
  } finally {
    asked?.request.close();
  }
}

function checkLinkedChecksum(name: string, file: HubFile, url: string, response: Response | undefined): void {
  const linked = /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(response?.headers.get('x-linked-etag') ?? '')?.[1];
  if (linked === undefined || linked === file.sha256) return;
  throw new UserError({
    what: `${name}: wrong checksum`,
    where: url,
    expected: `sha256 ${file.sha256}`,
    found: `sha256 ${linked}, as the hub says`,
    fix: 'correct the sha256 of the source, or its revision',
  });
}

function hubRefusal(
  source: Repository,
  file: HubFile,
  { endpoint, accessToken }: HubAccess,
  status: number,
  detail?: string,
): UserError {
  const page = `${endpoint}/${source.repository}`;
  const found = detail ? `HTTP ${status}: ${detail}` : `HTTP ${status}`;
  const name = hubFileName(source, file);
  if (status === 401 || status === 403) {
    return new UserError({
      what: `${name}: the hub refuses access`,
      where: page,
      found: `${found} (${accessToken === undefined ? 'HF_TOKEN is not set' : 'with the token of HF_TOKEN'})`,
      fix: `check the repository's name; if it is private or gated, accept its conditions on ${page} and set HF_TOKEN to a token that may read it`,
    });
  }
  if (status === 404) {
    return new UserError({
      what: `${name}: not found on the hub`,
      where: page,
      found,
      fix: `compare repository, revision and path with ${page}/tree/${source.revision}`,
    });
  }
  return new UserError({ what: `${name}: the hub refuses the request`, where: page, found });
}

/**
 * Downloads a file of the hub, unless it is here already.
 *
 * @throws {UserError} as {@link locateHubFile}, and when the hub cannot be reached
 */
export async function obtainHubFile(source: Repository, file: HubFile, options: ObtainOptions): Promise<CorpusFile> {
  const { env = process.env, fetch = globalThis.fetch, signal, retries = downloadRetries } = options;
  const access = hubAccess(env);
  try {
    return await obtainFile(file, hubFileName(source, file), options, () =>
      withRetries(retries, signal, ({ silenceMs }) =>
        locateHubFile(source, file, access, { fetch, signal, silenceMs }),
      ),
    );
  } catch (error) {
    if (error instanceof TransientFailure) throw hubUnreachable(source, access, error, env);
    throw error;
  }
}

/** The hub could not be reached, and nothing else may be used instead. */
function hubUnreachable(
  source: Repository,
  { endpoint }: HubAccess,
  failure: TransientFailure,
  env: Record<string, string | undefined>,
): UserError {
  const limited = failure.reason === 'HTTP 429';
  const seconds =
    failure.retryAfterMs === undefined ? '' : `, which asks to wait ${Math.ceil(failure.retryAfterMs / 1000)} s`;
  const proxy = proxyAdvice(env);
  return new UserError(
    {
      what: `${source.repository} could not be downloaded: the hub ${limited ? 'limits the rate of requests' : failure.slow ? 'sends next to nothing' : 'could not be reached'}`,
      where: endpoint,
      found: `${failure.reason}${seconds}`,
      fix: [
        'run again later: what was downloaded is kept',
        ...(limited ? ['set HF_TOKEN: requests with a token have a higher limit'] : []),
        'set HF_ENDPOINT to a mirror that you can reach',
        ...(proxy === undefined ? [] : [proxy]),
        'name local text with a source of type file',
        'set whenUnreachable: embedded in the source to use the embedded corpus',
      ].join('; or '),
    },
    { cause: failure },
  );
}
