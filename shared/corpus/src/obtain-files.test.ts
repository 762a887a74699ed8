/** @file Downloads from a stand-in of the hub: what is asked, what is checked, and what happens when things go wrong. */

import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { afterEach, describe, expect, test } from 'vitest';
import type { HubFile } from './hub.ts';
import type { ObtainOptions } from './obtain-files.ts';
import type { RetryPolicy } from './retry.ts';
import type { ResolvedHubSource } from './sources/hub.ts';
import { startHubServer } from './testing/hub-server.ts';
import type { Fault, HubRequest, HubServer, HubServerOptions } from './testing/hub-server.ts';
import { obtainFiles } from './testing/obtain-files.ts';
import { scratchDirectory } from './testing/scratch.ts';

const PATH = 'data/my stories.txt';
const content = Buffer.from(Array.from({ length: 4000 }, (_, i) => `Story ${i}.\n`).join(''));

const quick: RetryPolicy = {
  attempts: 3,
  firstDelayMs: 5,
  maxDelayMs: 20,
  maxRetryAfterMs: 2_000,
  silenceMs: 400,
  minimumRate: 0,
  giveUpAfterMs: 5_000,
};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Faults for the first requests of a kind, in order; later ones are answered well. */
function faults(host: HubRequest['host'], ...sequence: (Fault | undefined)[]): HubServerOptions['fault'] {
  return (request) => (request.host === host ? sequence.shift() : undefined);
}

async function hub(more: Partial<HubServerOptions> = {}): Promise<HubServer> {
  const server = await startHubServer({ files: { [PATH]: content }, ...more });
  closers.push(server.close);
  return server;
}

function source(server: HubServer, file: Partial<HubFile> = {}): ResolvedHubSource {
  return {
    type: 'hub',
    repository: server.repository,
    revision: server.revision,
    train: [{ ...server.pin(PATH), ...file }],
    validationShare: 0.1,
  };
}

async function options(server: { url: string }, more: Partial<ObtainOptions> = {}): Promise<ObtainOptions> {
  return { root: '/', directory: await scratchDirectory(), env: { HF_ENDPOINT: server.url }, retries: quick, ...more };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Connections cut when so many bytes have arrived; `onDownload` of the download must be told. */
function cuts() {
  const waiting: { done: number; cut: () => void }[] = [];
  return {
    after(bytes: number, from = 0): Fault {
      const { promise, resolve } = withResolvers();
      waiting.push({ done: from + bytes, cut: resolve });
      return { cutAfter: bytes, until: promise };
    },
    onDownload(_: string, done: number) {
      for (const cut of waiting) if (cut.done === done) cut.cut();
    },
  };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message;
}

const cdnRanges = (server: HubServer) => server.requests.filter(({ host }) => host === 'cdn').map(({ range }) => range);

describe('a hub file', () => {
  test('is downloaded through the redirect, checked, and kept under its checksum', async () => {
    const server = await hub();
    const settings = await options(server);
    const { train } = await obtainFiles(source(server), settings);
    expect(train).toEqual([
      {
        path: join(settings.directory, server.pin(PATH).sha256),
        name: 'datasets/test/stories@0123456/data/my stories.txt',
        bytes: content.length,
        cut: false,
      },
    ]);
    expect(await readFile(train[0]!.path)).toEqual(content);
    expect(await readdir(settings.directory)).toHaveLength(1);
    expect(server.requests.map(({ host, path, info }) => ({ host, path, info }))).toEqual([
      { host: 'hub', path: PATH, info: true },
      { host: 'hub', path: PATH, info: false },
      { host: 'cdn', path: PATH, info: false },
    ]);
  });

  test('that is complete is not downloaded again, even without a hub', async () => {
    const server = await hub();
    const settings = await options(server);
    await obtainFiles(source(server), settings);
    server.requests.length = 0;
    await obtainFiles(source(server), settings);
    expect(server.requests).toEqual([]);
  });

  test('that was damaged on disk is downloaded again', async () => {
    const server = await hub();
    const settings = await options(server);
    const [file] = (await obtainFiles(source(server), settings)).train;
    await writeFile(file!.path, Buffer.alloc(content.length));
    await obtainFiles(source(server), settings);
    expect(await readFile(file!.path)).toEqual(content);
  });

  test('reports its progress up to its size', async () => {
    const server = await hub();
    const reports: [string, number, number | undefined][] = [];
    await obtainFiles(source(server), await options(server, { onDownload: (...report) => void reports.push(report) }));
    expect(reports.at(-1)).toEqual([
      'datasets/test/stories@0123456/data/my stories.txt',
      content.length,
      content.length,
    ]);
  });

  test('is asked for with the token, which the CDN does not see', async () => {
    const server = await hub({ token: 'hf_secret' });
    const settings = await options(server, { env: { HF_ENDPOINT: `${server.url}/`, HF_TOKEN: 'hf_secret' } });
    await obtainFiles(source(server), settings);
    expect(server.requests.map(({ host, authorization }) => [host, authorization])).toEqual([
      ['hub', 'Bearer hf_secret'],
      ['hub', 'Bearer hf_secret'],
      ['cdn', undefined],
    ]);
  });
});

describe('a slice of a hub file', () => {
  test('is asked for by range and marked as cut', async () => {
    const server = await hub();
    const { train } = await obtainFiles(source(server, { firstBytes: 1000 }), await options(server));
    expect(train[0]).toMatchObject({ bytes: 1000, cut: true });
    expect(await readFile(train[0]!.path)).toEqual(content.subarray(0, 1000));
    expect(cdnRanges(server)).toEqual(['bytes=0-999']);
  });

  test('that covers the file is the whole file', async () => {
    const server = await hub();
    const { train } = await obtainFiles(source(server, { firstBytes: content.length }), await options(server));
    expect(train[0]).toMatchObject({ bytes: content.length, cut: false });
  });

  test('stays a slice when the server ignores ranges', async () => {
    const server = await hub({ fault: (request) => (request.host === 'cdn' ? 'ignore-range' : undefined) });
    const { train } = await obtainFiles(source(server, { firstBytes: 1000 }), await options(server));
    expect(await readFile(train[0]!.path)).toEqual(content.subarray(0, 1000));
  });

  test('is refused when the file is not of the pinned size or checksum', async () => {
    const server = await hub({ claimedSha256: 'a'.repeat(64) });
    expect(await failure(obtainFiles(source(server, { firstBytes: 10 }), await options(server)))).toMatch(
      /wrong checksum[^]*found: {5}sha256 aaaa/,
    );
    expect(await failure(obtainFiles(source(server, { firstBytes: 10, bytes: 99 }), await options(server)))).toMatch(
      /wrong size[^]*99 bytes/,
    );
    expect(cdnRanges(server)).toEqual([]);
  });
});

describe('a cut connection', () => {
  test('is resumed with a request for the missing range only', async () => {
    const { after, onDownload } = cuts();
    const server = await hub({ fault: faults('cdn', after(5000), after(7000, 5000)) });
    const { train } = await obtainFiles(source(server), await options(server, { onDownload }));
    expect(await readFile(train[0]!.path)).toEqual(content);
    const end = content.length - 1;
    expect(cdnRanges(server)).toEqual([undefined, `bytes=5000-${end}`, `bytes=12000-${end}`]);
  });

  test('is resumed by the next run when this one gives up or is stopped', async () => {
    const stop = new AbortController();
    const { after, onDownload } = cuts();
    const server = await hub({ fault: faults('cdn', after(5000), 'silence') });
    const settings = await options(server, { signal: stop.signal, onDownload });
    const run = obtainFiles(source(server), settings);
    setTimeout(() => stop.abort(new Error('SIGTERM')), 200);
    await expect(run).rejects.toThrow('SIGTERM');
    expect(await readdir(settings.directory)).toEqual([`${server.pin(PATH).sha256}.partial`]);

    server.requests.length = 0;
    const { train } = await obtainFiles(source(server), { ...settings, signal: undefined });
    expect(await readFile(train[0]!.path)).toEqual(content);
    expect(cdnRanges(server)).toEqual([`bytes=5000-${content.length - 1}`]);
    expect(await readdir(settings.directory)).toEqual([server.pin(PATH).sha256]);
  });

  test('starts over when the server ignores the range', async () => {
    const { after, onDownload } = cuts();
    const server = await hub({ fault: faults('cdn', after(5000), 'ignore-range') });
    const { train } = await obtainFiles(source(server), await options(server, { onDownload }));
    expect(await readFile(train[0]!.path)).toEqual(content);
    expect(cdnRanges(server)).toHaveLength(2);
  });

  test('does not go on for ever when the server starts over each time and is cut again', async () => {
    let asked = 0;
    const { after, onDownload } = cuts();
    // From the beginning, and only the beginning, whatever is asked for.
    const mirror = createServer((_, response) => {
      asked++;
      response.writeHead(200, { 'Content-Length': content.length }).write(content.subarray(0, 5000));
      const { until } = after(5000) as { until: Promise<void> };
      void until.then(() => response.destroy());
    });
    const url = await listen(mirror);
    const message = await failure(obtainFiles(source(await hub()), await options({ url }, { onDownload })));
    expect(message).toContain('could not be downloaded');
    // One question for the size, then as many attempts as the policy allows, the one that got further counted.
    expect(asked).toBe(1 + quick.attempts);
  });

  test('after the last byte leaves nothing to fetch', async () => {
    const server = await hub();
    const settings = await options(server);
    await writeFile(join(settings.directory, `${server.pin(PATH).sha256}.partial`), content);
    const { train } = await obtainFiles(source(server), settings);
    expect(await readFile(train[0]!.path)).toEqual(content);
    expect(cdnRanges(server)).toEqual([]);
  });
});

test('a partial file that is longer than the whole is begun anew', async () => {
  const server = await hub();
  const settings = await options(server);
  await writeFile(join(settings.directory, `${server.pin(PATH).sha256}.partial`), Buffer.alloc(content.length + 1));
  const { train } = await obtainFiles(source(server), settings);
  expect(await readFile(train[0]!.path)).toEqual(content);
});

describe('wrong content', () => {
  test('of the right size is deleted and reported', async () => {
    const server = await hub({ fault: faults('cdn', { body: Buffer.alloc(content.length, 'x') }) });
    const settings = await options(server);
    expect(await failure(obtainFiles(source(server), settings))).toMatch(/wrong checksum; the download was deleted/);
    expect(await readdir(settings.directory)).toEqual([]);
    await obtainFiles(source(server), settings);
  });

  test('begun by something else under the same name is deleted too', async () => {
    const server = await hub();
    const settings = await options(server);
    await writeFile(join(settings.directory, `${server.pin(PATH).sha256}.partial`), 'something else');
    expect(await failure(obtainFiles(source(server), settings))).toContain('wrong checksum');
    await obtainFiles(source(server), settings);
  });

  test.each([
    ['longer', content.length + 5],
    ['shorter', content.length - 5],
  ])('that is %s than pinned is reported before it is downloaded', async (_, length) => {
    const server = await hub({ fault: faults('cdn', { body: Buffer.alloc(length, 'x') }) });
    expect(await failure(obtainFiles(source(server), await options(server)))).toMatch(
      new RegExp(`wrong size[^]*${content.length} bytes[^]*${length} bytes`),
    );
  });
});

describe('a file that changes size between two requests of one download', () => {
  // 5,000 bytes have come when the connection is cut.
  test.each([
    ['grows', content.length + 5],
    ['shrinks', content.length - 5],
    ['becomes shorter than what has come', 4_000],
  ])('%s: is an error, and nothing of it is kept', async (_, length) => {
    const { after, onDownload } = cuts();
    const changed = { body: Buffer.alloc(length, content) };
    const server = await hub({ fault: faults('cdn', after(5000), changed) });
    const settings = await options(server, { onDownload });
    expect(await failure(obtainFiles(source(server), settings))).toMatch(
      new RegExp(`wrong size[^]*expected:\\s+${content.length} bytes[^]*found:\\s+${length} bytes[^]*run again`),
    );
    expect(cdnRanges(server)).toEqual([undefined, `bytes=5000-${content.length - 1}`]);
    expect(await readdir(settings.directory)).toEqual([]);

    const { train } = await obtainFiles(source(server), settings); // the file is itself again
    expect(await readFile(train[0]!.path)).toEqual(content);
  });

  test('from the size that the hub tells to that of what comes', async () => {
    const server = await hub({ fault: faults('cdn', { body: content.subarray(0, 5000) }) });
    expect(await failure(obtainFiles(source(server), await options(server)))).toMatch(/wrong size[^]*5000 bytes/);
  });

  test('is noticed where the size was not known beforehand, too', async () => {
    const { after, onDownload } = cuts();
    const server = await hub({ fault: faults('cdn', after(5000), { body: Buffer.concat([content, content]) }) });
    expect(await failure(obtainFiles(at(server), await options(server, { onDownload })))).toMatch(
      new RegExp(`wrong size[^]*${content.length} bytes[^]*${2 * content.length} bytes`),
    );
  });
});

describe('a refusal', () => {
  test('401 says what the token has to do with it', async () => {
    const server = await hub({ token: 'hf_secret' });
    expect(await failure(obtainFiles(source(server), await options(server)))).toMatch(
      /refuses access[^]*HTTP 401[^]*restricted[^]*HF_TOKEN is not set/,
    );
    const env = { HF_ENDPOINT: server.url, HF_TOKEN: 'hf_other' };
    expect(await failure(obtainFiles(source(server), await options(server, { env })))).toContain(
      'with the token of HF_TOKEN',
    );
    expect(server.requests).toHaveLength(2);
  });

  test('404 names the file, the repository or the revision to compare', async () => {
    const server = await hub();
    expect(await failure(obtainFiles(source(server, { path: 'other.txt' }), await options(server)))).toMatch(
      /@0123456\/other\.txt: not found on the hub[^]*HTTP 404/,
    );
    const elsewhere = { ...source(server), repository: 'datasets/test/other' };
    expect(await failure(obtainFiles(elsewhere, await options(server)))).toContain('Repository not found');
  });

  test('403 of the CDN keeps what was downloaded', async () => {
    const { after, onDownload } = cuts();
    const server = await hub({ fault: faults('cdn', after(5000), { status: 403 }) });
    const settings = await options(server, { onDownload });
    expect(await failure(obtainFiles(source(server), settings))).toContain('HTTP 403');
    expect((await stat(join(settings.directory, `${server.pin(PATH).sha256}.partial`))).size).toBe(5000);
  });
});

describe('a passing failure', () => {
  test('429 is tried again after the time that the server asks for', async () => {
    const limited = { status: 429, headers: { 'Retry-After': '1' } };
    const times: number[] = [];
    const server = await hub({
      fault: ({ host }) => (host === 'hub' && times.push(performance.now()) === 1 ? limited : undefined),
    });
    await obtainFiles(source(server), await options(server));
    // Not a speed test: the wait is what is promised. A timer may fire up to a millisecond early.
    expect(times[1]! - times[0]!).toBeGreaterThan(998);
  });

  test('429 with a longer wait than is sensible is reported with it', async () => {
    const server = await hub({ fault: () => ({ status: 429, headers: { 'Retry-After': '240' } }) });
    expect(await failure(obtainFiles(source(server), await options(server)))).toMatch(
      /limits the rate of requests[^]*asks to wait 240 s[^]*set HF_TOKEN/,
    );
  });

  test('500 is tried again', async () => {
    const server = await hub({ fault: faults('cdn', { status: 500 }, { status: 502 }) });
    const { train } = await obtainFiles(source(server), await options(server));
    expect(await readFile(train[0]!.path)).toEqual(content);
  });

  test('500 that stays is reported after a bounded number of attempts', async () => {
    const server = await hub({ fault: () => ({ status: 500 }) });
    const message = await failure(obtainFiles(source(server), await options(server)));
    expect(message).toMatch(
      /could not be reached[^]*HTTP 500[^]*HF_ENDPOINT[^]*type file[^]*whenUnreachable: embedded/,
    );
    expect(server.requests).toHaveLength(quick.attempts);
  });

  test('silence is ended and tried again', async () => {
    const server = await hub({ fault: faults('hub', 'silence') });
    await obtainFiles(source(server), await options(server));
    expect(server.requests[1]).toMatchObject({ host: 'hub', info: true });
  });

  test('next to nothing, for ever, is given up with what came, and the next run goes on from there', async () => {
    const slow: Fault = { trickle: 1, everyMs: 5 };
    const server = await hub({ fault: faults('cdn', slow, slow, slow) });
    const settings = await options(server, { retries: { ...quick, minimumRate: 10_000, giveUpAfterMs: 1_000 } });
    expect(await failure(obtainFiles(source(server), settings))).toMatch(
      /the hub sends next to nothing[^]*no more than \d+ bytes in [\d.]+ s[^]*what was downloaded is kept/,
    );
    const { length } = server.requests;
    await obtainFiles(source(server), settings);
    expect(server.requests.slice(length).at(-1)!.range).toMatch(/^bytes=[1-9]\d*-/);
  });

  test('a slow answer that is fast enough is waited for', async () => {
    const server = await hub({ fault: faults('cdn', { trickle: 2_000, everyMs: 40 }) });
    const retries = { ...quick, attempts: 1, silenceMs: 200, minimumRate: 5_000, giveUpAfterMs: 600 };
    const [file] = (await obtainFiles(source(server), await options(server, { retries }))).train;
    expect(await readFile(file!.path)).toEqual(content);
  });

  test('a refused connection says what to do, and how to use the proxy if there is one', async () => {
    const server = await hub();
    await server.close();
    closers.length = 0;
    const env = { HF_ENDPOINT: server.url, HTTPS_PROXY: 'http://user:secret@proxy' };
    const message = await failure(obtainFiles(source(server), await options(server, { env })));
    expect(message).toMatch(/ECONNREFUSED[^]*NODE_USE_ENV_PROXY=1/);
    expect(message).not.toContain('secret');
  });

  test('a name that does not resolve is not tried again', async () => {
    let asked = 0;
    const fetch = async () => {
      asked++;
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }) });
    };
    const server = await hub();
    expect(await failure(obtainFiles(source(server), await options(server, { fetch })))).toContain('ENOTFOUND');
    expect(asked).toBe(1);
  });
});

test('a mirror that ignores the range of the question for the size is used all the same', async () => {
  const url = await listen(createServer((_, response) => response.end(content)));
  const server = await hub();
  const { train } = await obtainFiles(source(server), await options({ url }));
  expect(await readFile(train[0]!.path)).toEqual(content);
});

test.each([
  [{ HF_ENDPOINT: 'hub.example' }, 'HF_ENDPOINT is not an address'],
  [{ HF_TOKEN: 'secret' }, 'HF_TOKEN is not a token'],
])('the environment %j is an error, which does not show the token', async (env, message) => {
  const server = await hub();
  const found = await failure(obtainFiles(source(server), await options(server, { env })));
  expect(found).toContain(message);
  expect(found).not.toContain('secret');
});

/** A source of type url for the file on the hub. */
const at = (server: HubServer, more = {}) => ({
  type: 'url' as const,
  url: `${server.url}/${server.repository}/resolve/${server.revision}/${encodeURI(PATH)}`,
  sha256: server.pin(PATH).sha256,
  validationShare: 0.1,
  ...more,
});

describe('a url', () => {
  test('is downloaded, resumed and checked without its size being known', async () => {
    const { after, onDownload } = cuts();
    const server = await hub({ fault: faults('cdn', after(5000)) });
    const { train } = await obtainFiles(at(server), await options(server, { onDownload }));
    expect(await readFile(train[0]!.path)).toEqual(content);
    expect(cdnRanges(server)).toEqual([undefined, 'bytes=5000-']);
  });

  test('that was complete when the last run was killed is recognised by its checksum', async () => {
    const server = await hub();
    const settings = await options(server);
    await writeFile(join(settings.directory, `${at(server).sha256}.partial`), content);
    const { train } = await obtainFiles(at(server), settings);
    expect(await readFile(train[0]!.path)).toEqual(content);
  });

  test('gets no token of the hub', async () => {
    const server = await hub();
    const env = { HF_ENDPOINT: server.url, HF_TOKEN: 'hf_secret' };
    await obtainFiles(at(server), await options(server, { env }));
    expect(server.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  test('of other content, another size, or nothing, is an error', async () => {
    const server = await hub();
    expect(await failure(obtainFiles(at(server, { sha256: 'a'.repeat(64) }), await options(server)))).toContain(
      'wrong checksum',
    );
    expect(await failure(obtainFiles(at(server, { bytes: 5 }), await options(server)))).toContain('wrong size');
    const url = at(server).url.replace('stories.txt', 'poems.txt');
    expect(await failure(obtainFiles(at(server, { url }), await options(server)))).toMatch(/poems\.txt[^]*HTTP 404/);
  });
});

describe('a local file', () => {
  test('that changed or vanished after it was looked at is an error', async () => {
    const root = await scratchDirectory();
    await writeFile(join(root, 'a.txt'), 'abd');
    const file = {
      path: 'a.txt',
      bytes: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    };
    const local = {
      type: 'file' as const,
      train: [file],
      validationShare: 0.1,
    };
    const settings = { root, directory: join(root, 'downloads') };
    expect(await failure(obtainFiles(local, settings))).toContain('a.txt has changed');
    await writeFile(join(root, 'a.txt'), 'abc');
    expect((await obtainFiles(local, settings)).train).toEqual([
      { path: join(root, 'a.txt'), name: 'a.txt', bytes: 3, cut: false },
    ]);
    await rm(join(root, 'a.txt'));
    expect(await failure(obtainFiles(local, settings))).toContain('no such file');
  });
});
