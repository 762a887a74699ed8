/** @file A stand-in for the Hugging Face hub and its CDN, on two ports of this machine, with faults on demand. For tests. */

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it came in, in the order of all requests. */
export interface HubRequest {
  /** `hub` answers with metadata and redirects; `cdn` has the bytes. */
  host: 'hub' | 'cdn';
  /** Path of the file in the repository. */
  path: string;
  range: string | undefined;
  authorization: string | undefined;
  /** Whether the hub is only asked for the file's metadata. */
  info: boolean;
}

/** How to answer a request wrongly. */
export type Fault =
  | { status: number; headers?: Record<string, string> }
  /**
   * Close the connection after so many bytes of the body, once `until` is fulfilled: a client may lose bytes that it received
   * but did not look at before the connection broke, so a test that counts them waits for their arrival.
   */
  | { cutAfter: number; until?: Promise<void> }
  /** Send so many bytes of the body every so many milliseconds. */
  | { trickle: number; everyMs: number }
  /** Send these bytes instead of the file's. */
  | { body: Uint8Array }
  /** Answer 200 with the whole file, whatever range is asked for. */
  | 'ignore-range'
  /** Never answer. */
  | 'silence';

export interface HubServerOptions {
  /** Content by path. */
  files: Record<string, Uint8Array>;
  repository?: string;
  revision?: string;
  /** A token without which the hub answers 401. */
  token?: string;
  /** The sha256 that the hub claims for a path; the content's own by default. */
  claimedSha256?: string;
  /** Called for every request; what it returns is the answer instead of the right one. */
  fault?: (request: HubRequest) => Fault | undefined;
}

export interface HubServer {
  /** To be used as HF_ENDPOINT. */
  url: string;
  repository: string;
  revision: string;
  /** What was asked so far; empty it with `requests.length = 0`. */
  requests: HubRequest[];
  /** What a hub source's `train` and `validation` say of a file. */
  pin: (path: string) => { path: string; bytes: number; sha256: string };
  close: () => Promise<void>;
}

/**
 * Starts the two servers. A file is at `/<repository>/resolve/<revision>/<path>`, as on the real hub: asked with
 * `Accept: application/vnd.xet-fileinfo+json` the hub tells size and checksum; asked plainly it redirects to the CDN, which is
 * another origin and serves ranges.
 */
export async function startHubServer(options: HubServerOptions): Promise<HubServer> {
  const {
    files,
    repository = 'datasets/test/stories',
    revision = '0123456789abcdef0123456789abcdef01234567',
  } = options;
  const requests: HubRequest[] = [];
  const prefix = `/${repository}/resolve/${revision}/`;

  const note = (host: HubRequest['host'], incoming: IncomingMessage, path: string): Fault | undefined => {
    const { range, authorization, accept } = incoming.headers;
    const request = { host, path, range, authorization, info: (accept ?? '').includes('xet-fileinfo') };
    requests.push(request);
    return options.fault?.(request);
  };

  const cdn = await listen((incoming, response) => {
    const path = decodeURIComponent(new URL(incoming.url!, 'http://cdn').pathname.slice(1));
    sendFile(incoming, response, files[path]!, note('cdn', incoming, path));
  });
  const hub = await listen((incoming, response) => {
    const { pathname } = new URL(incoming.url!, 'http://hub');
    const path = decodeURIComponent(pathname.startsWith(prefix) ? pathname.slice(prefix.length) : pathname);
    const fault = note('hub', incoming, path);
    if (fault !== undefined) return sendFile(incoming, response, files[path] ?? new Uint8Array(), fault);
    if (options.token !== undefined && incoming.headers.authorization !== `Bearer ${options.token}`) {
      return sendError(response, 401, 'GatedRepo', 'Access to this repository is restricted');
    }
    if (!pathname.startsWith(prefix)) return sendError(response, 404, 'RepoNotFound', 'Repository not found');
    const content = files[path];
    if (content === undefined) return sendError(response, 404, 'EntryNotFound', 'Entry not found');
    const headers = {
      'X-Linked-Size': content.length,
      'X-Linked-ETag': `"${options.claimedSha256 ?? sha256(content)}"`,
      'X-Xet-Hash': sha256(Buffer.from(`xet ${path}`)),
      ETag: '"of the answer, not of the file"',
    };
    if (!requests.at(-1)!.info) {
      response.writeHead(302, { ...headers, Location: `${cdn.url}/${encodeURIComponent(path)}` });
      return response.end();
    }
    const link = ['xet-auth', 'xet-reconstruction-info'].map((rel) => `<${hub.url}/unused>; rel="${rel}"`).join(', ');
    response.writeHead(200, { ...headers, Link: link, 'Content-Type': 'application/vnd.xet-fileinfo+json' });
    return response.end('{}');
  });

  return {
    url: hub.url,
    repository,
    revision,
    requests,
    pin: (path) => ({ path, bytes: files[path]!.length, sha256: sha256(files[path]!) }),
    close: async () => {
      await Promise.all([hub.close(), cdn.close()]);
    },
  };
}

/** Serves a file or a range of it (RFC 9110, section 14). */
export function sendFile(incoming: IncomingMessage, response: ServerResponse, file: Uint8Array, fault?: Fault): void {
  if (fault === 'silence') return;
  if (typeof fault === 'object' && 'status' in fault) {
    response.writeHead(fault.status, fault.headers).end();
    return;
  }
  const content = typeof fault === 'object' && 'body' in fault ? fault.body : file;
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(incoming.headers.range ?? '') ?? [];
  const ranged = from !== undefined && fault !== 'ignore-range';
  const start = ranged ? Number(from) : 0;
  const end = ranged && to ? Math.min(Number(to) + 1, content.length) : content.length;
  if (ranged && start >= content.length) {
    response.writeHead(416, { 'Content-Range': `bytes */${content.length}` }).end();
    return;
  }
  const body = content.subarray(start, end);
  response.writeHead(ranged ? 206 : 200, {
    'Content-Length': body.length,
    ...(ranged && { 'Content-Range': `bytes ${start}-${end - 1}/${content.length}` }),
  });
  if (typeof fault === 'object' && 'trickle' in fault) {
    let sent = 0;
    const timer = setInterval(() => {
      response.write(body.subarray(sent, (sent += fault.trickle)));
      if (sent >= body.length) response.end();
    }, fault.everyMs);
    response.on('close', () => clearInterval(timer));
  } else if (typeof fault === 'object' && 'cutAfter' in fault) {
    response.write(body.subarray(0, fault.cutAfter));
    void Promise.resolve(fault.until).then(() => response.destroy());
  } else response.end(body);
}

function sendError(response: ServerResponse, status: number, code: string, error: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'X-Error-Code': code });
  response.end(JSON.stringify({ error }));
}

export async function listen(
  answer: (incoming: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
