/** @file Uploads the files of an export to the Hugging Face hub, as one commit: all of them, or none. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hubAccess, proxyAdvice } from '@arrowsmith/corpus/hub-access';
import { UserError } from '@arrowsmith/errors';
import {
  commitIter,
  createRepo,
  HubApiError,
  listFiles,
  type CommitOperation,
  type RepoDesignation,
} from '@huggingface/hub';
import { REPOSITORY_NAME } from './formats.ts';

export interface PushOptions {
  /** Whose files are uploaded, those in it directly. */
  folder: string;
  /** `<owner>/<name>` of a model; made where it is not there. */
  repository: string;
  /** Whether files that the repository has may be replaced; weights that the export does not have are removed then. */
  overwrite?: boolean | undefined;
  /** Whether a repository that is made is private. */
  isPrivate?: boolean | undefined;
  /** What the commit says. */
  title: string;
  env?: Record<string, string | undefined>;
  fetch?: typeof globalThis.fetch;
  signal?: AbortSignal | undefined;
  /** @param done share of all bytes, from 0 to 1 */
  onProgress?: ((done: number) => void) | undefined;
}

/** What came of it. */
export interface Pushed {
  /** The page of the repository. */
  url: string;
  commit: string;
  files: string[];
}

/** Files that every repository of the hub has. */
const OWN_FILES: ReadonlySet<string> = new Set(['.gitattributes']);
/** Weights that would be loaded beside, or in place of, those of the export. */
const WEIGHTS = /\.(safetensors|gguf|bin)$|\.safetensors\.index\.json$/;

/**
 * Uploads with HF_TOKEN to the hub at HF_ENDPOINT.
 *
 * @throws UserError without a token, where the hub refuses it, cannot be reached, or stops answering, and for a repository that has files, unless it is
 *   to be overwritten; the repository is as it was before then
 */
export async function pushToHub(options: PushOptions): Promise<Pushed> {
  const {
    folder,
    repository,
    overwrite = false,
    isPrivate = false,
    title,
    env = process.env,
    signal,
    onProgress,
  } = options;
  const { endpoint, accessToken } = checkPush(repository, env);
  const repo: RepoDesignation = { type: 'model', name: repository };
  const asked = { repo, accessToken, hubUrl: endpoint, fetch: within(options.fetch ?? globalThis.fetch, signal) };
  const url = `${endpoint}/${repository}`;
  const files = (await readdir(folder)).sort();
  try {
    const there = await filesOf(asked);
    const others = (there ?? []).filter((path) => !OWN_FILES.has(path));
    if (others.length > 0 && !overwrite) throw notEmpty(url, others);
    if (there === undefined) await createRepo({ ...asked, visibility: isPrivate ? 'private' : 'public' });
    const removed = others.filter((path) => WEIGHTS.test(path) && !files.includes(path));
    const operations: CommitOperation[] = [
      ...files.map((path) => ({ operation: 'addOrUpdate' as const, path, content: pathToFileURL(join(folder, path)) })),
      ...removed.map((path) => ({ operation: 'delete' as const, path })),
    ];
    // Not by xet: its servers are others, which mirrors of the hub do not have.
    const events = commitIter({ ...asked, title, operations, useXet: false, ...(signal && { abortSignal: signal }) });
    const shares = new Map<string, number>();
    for (;;) {
      const { done, value } = await events.next();
      if (done === true) return { url, commit: value?.commit.oid ?? '', files };
      if (value.event !== 'fileProgress' || value.state !== 'uploading') continue;
      shares.set(value.path, value.progress);
      onProgress?.([...shares.values()].reduce((sum, share) => sum + share, 0) / files.length);
    }
  } catch (error) {
    if (error instanceof UserError || signal?.aborted === true) throw error;
    throw error instanceof HubApiError ? refused(error, url, repository) : failed(error, url, endpoint, env);
  }
}

/**
 * What is known before there is anything to upload.
 *
 * @throws UserError for a name that no repository has, and without a token
 */
export function checkPush(
  repository: string,
  env: Record<string, string | undefined> = process.env,
): { endpoint: string; accessToken: string } {
  const { endpoint, accessToken } = hubAccess(env);
  if (!REPOSITORY_NAME.test(repository)) throw wrongName(repository);
  if (accessToken === undefined) throw withoutToken(repository);
  return { endpoint, accessToken };
}

/** A server that says nothing for so long is gone. */
const SILENCE_MS = 120_000;

/** The same, which ends with the signal, or where no answer comes. */
const within =
  (fetch: typeof globalThis.fetch, signal: AbortSignal | undefined): typeof globalThis.fetch =>
  (input, init) => {
    const signals = [init?.signal, signal, AbortSignal.timeout(SILENCE_MS)].filter((each) => each != null);
    // Bodies may take long, and are watched by the system; of requests without one, an answer is due.
    const isShort = init?.body === undefined || init.body === null || typeof init.body === 'string';
    return fetch(input, { ...init, signal: AbortSignal.any(isShort ? signals : signals.slice(0, -1)) });
  };

/** The files of a repository; undefined where there is none. */
async function filesOf(asked: Parameters<typeof listFiles>[0]): Promise<string[] | undefined> {
  const found: string[] = [];
  try {
    for await (const { path, type } of listFiles({ ...asked, recursive: true }))
      if (type !== 'directory') found.push(path);
    return found;
  } catch (error) {
    if (error instanceof HubApiError && error.statusCode === 404) return undefined;
    throw error;
  }
}

const wrongName = (repository: string): UserError =>
  new UserError({
    what: 'this is no name of a repository on the hub',
    expected: '<owner>/<name>, of letters, digits, -, _ and .',
    found: repository,
    fix: 'for example push: your-name/small-cats',
  });

const withoutToken = (repository: string): UserError =>
  new UserError({
    what: `nothing can be uploaded to ${repository} without a token`,
    expected: 'HF_TOKEN, a token with the right to write',
    found: 'HF_TOKEN is not set',
    fix: 'make one on https://huggingface.co/settings/tokens, and set HF_TOKEN to it',
  });

const notEmpty = (url: string, files: readonly string[]): UserError =>
  new UserError({
    what: 'the repository has files already',
    where: url,
    expected: 'a new repository, or an empty one',
    found: `${files.slice(0, 8).join(', ')}${files.length > 8 ? ` and ${files.length - 8} more` : ''}`,
    fix: 'name another, or say `overwrite`, which replaces files and removes other weights',
  });

function refused({ statusCode, message, url: request }: HubApiError, url: string, repository: string): UserError {
  const found = `HTTP ${statusCode}: ${message.split('. URL:')[0]?.slice(0, 300)}`;
  const [owner] = repository.split('/');
  const byStatus: Record<number, [what: string, fix: string]> = {
    401: [
      'the hub does not know the token of HF_TOKEN',
      'make one on https://huggingface.co/settings/tokens, and set HF_TOKEN to it',
    ],
    403: [
      'the token of HF_TOKEN may not write there',
      `take a token with the right to write for ${owner}, or an owner whose repositories you may change`,
    ],
    404: [
      'the hub has no such owner, or hides it from this token',
      `check ${owner}; it is your name on the hub, or an organization of yours`,
    ],
    409: ['the repository was changed or made at the same time', 'run again, once nobody else writes there'],
    412: ['the repository was changed at the same time', 'run again, once nobody else writes there'],
    413: ['the hub takes no files that large', 'export with a smaller precision'],
    429: ['the hub limits the rate of requests', 'run again later'],
  };
  const [what, fix] = byStatus[statusCode] ?? [
    statusCode >= 500 ? 'the hub failed' : 'the hub refuses the upload',
    statusCode >= 500 ? 'run again later: nothing of the repository has changed' : 'read what it says',
  ];
  return new UserError({ what, where: request.startsWith(url) ? request : url, found, fix });
}

function failed(error: unknown, url: string, endpoint: string, env: Record<string, string | undefined>): UserError {
  const { message, cause } = error as Error;
  const proxy = proxyAdvice(env);
  return new UserError(
    {
      what: 'the upload to the hub broke off; the repository has none of it',
      where: url,
      found: cause instanceof Error ? `${message}: ${cause.message}` : message,
      fix: [`run again; or check that ${endpoint} can be reached`, ...(proxy === undefined ? [] : [proxy])].join(
        '; or ',
      ),
    },
    { cause: error },
  );
}
