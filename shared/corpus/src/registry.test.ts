/** @file Packages of an npm registry: fetched and checked like files of the hub, whatever the registry or the network does. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { afterEach, describe, expect, test } from 'vitest';
import type { ObtainOptions } from './obtain-files.ts';
import { readDocuments } from './read-documents.ts';
import { resolveSource } from './resolve-source.ts';
import type { RetryPolicy } from './retry.ts';
import { sourceParameters } from './sources/index.ts';
import type { ResolvedPackageSource } from './sources/package.ts';
import type { Fault } from './testing/hub-server.ts';
import { obtainFiles } from './testing/obtain-files.ts';
import { startRegistryServer } from './testing/registry-server.ts';
import type { RegistryRequest, RegistryServer, RegistryServerOptions } from './testing/registry-server.ts';
import { collect, scratchDirectory } from './testing/scratch.ts';
import { npmTarball } from './testing/tarball.ts';

const PACKAGE = '@test/stories@1.2.3';
/** Bytes that gzip cannot shrink, so that the tarball takes several chunks. */
const noise = Array.from({ length: 60_000 }, (_, i) => String.fromCharCode(33 + ((i * 7919 + i * i * 31) % 90))).join(
  '',
);
const stories = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [`data/${i}.txt`, `Story ${i}.\n${noise.slice(i * 5_000)}`]),
);
const tarball = npmTarball({ 'package.json': '{}', ...stories });

const quick: RetryPolicy = {
  attempts: 3,
  firstDelayMs: 5,
  maxDelayMs: 20,
  maxRetryAfterMs: 2_000,
  silenceMs: 1_000,
  minimumRate: 0,
  giveUpAfterMs: 5_000,
};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function registry(more: Partial<RegistryServerOptions> = {}): Promise<RegistryServer> {
  const server = await startRegistryServer({ packages: { [PACKAGE]: tarball }, ...more });
  closers.push(server.close);
  return server;
}

const parse = (server: RegistryServer, package_: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
  sourceParameters.parse({
    type: 'package',
    packages: { ...server.pin(PACKAGE), train: 'data/*.txt', ...package_ },
    ...more,
  });

async function source(server: RegistryServer, package_ = {}): Promise<ResolvedPackageSource> {
  const resolved = await resolveSource(parse(server, package_), { root: '/' });
  return resolved.source as ResolvedPackageSource;
}

async function options(server: { url: string }, more: Partial<ObtainOptions> = {}): Promise<ObtainOptions> {
  const directory = await scratchDirectory();
  const env = { npm_config_registry: server.url, HOME: directory, npm_config_globalconfig: '/nonexistent' };
  return { root: directory, directory, env, retries: quick, ...more };
}

/** An address at which nobody listens. */
async function nobody(): Promise<{ url: string }> {
  const { url, close } = await startRegistryServer({ packages: {} });
  await close();
  return { url };
}

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message;
}

/** Faults for the first requests of a host, in order; later ones are answered well. */
const faults =
  (host: RegistryRequest['host'], ...sequence: (Fault | undefined)[]): RegistryServerOptions['fault'] =>
  (request) =>
    request.host === host ? sequence.shift() : undefined;

describe('a package', () => {
  test('is downloaded, checked, kept under its checksum, and its files are read in order', async () => {
    const server = await registry();
    const settings = await options(server);
    const { train } = await obtainFiles(await source(server), settings);
    expect(train.map(({ name }) => name)).toEqual(Object.keys(stories).map((path) => `${PACKAGE}/${path}`));
    expect(await readFile(train[3]!.path, 'utf8')).toBe(stories['data/3.txt']);
    expect(server.requests.map(({ host, url }) => `${host} ${url}`)).toEqual([
      'registry /@test%2fstories',
      'tarballs /@test/stories/-/stories-1.2.3.tgz',
    ]);
    const kept = Buffer.from(server.pin(PACKAGE).integrity.slice(7), 'base64').toString('hex');
    expect((await readdir(settings.directory)).sort()).toEqual([kept, `${kept}.files`]);
  });

  test('that is complete is not downloaded again, even without a registry', async () => {
    const server = await registry();
    const settings = await options(server);
    const pinned = await source(server);
    await obtainFiles(pinned, settings);
    await server.close();
    closers.length = 0;
    expect((await obtainFiles(pinned, settings)).train).toHaveLength(10);
  });

  test('becomes documents, of which some are held out', async () => {
    const server = await registry();
    const { train, validation } = await readDocuments(await source(server), await options(server));
    expect((await collect(validation)).map((text) => text.slice(0, 8))).toEqual(['Story 9.']);
    expect(await collect(train)).toEqual(Object.values(stories).slice(0, 9));
  });

  test('may be one of several, with files for validation', async () => {
    const other = npmTarball({ 'a.txt': 'A.', 'b.txt': 'B.' });
    const server = await registry({ packages: { [PACKAGE]: tarball, 'other@0.0.1': other } });
    const packages = [
      { ...server.pin(PACKAGE), train: 'data/0.txt', validation: 'data/1.txt' },
      { ...server.pin('other@0.0.1'), train: 'a.txt', validation: 'b.txt' },
    ];
    const resolved = await resolveSource(sourceParameters.parse({ type: 'package', packages }), { root: '/' });
    const { train, validation } = await readDocuments(resolved.source, await options(server));
    expect(await collect(train)).toEqual([stories['data/0.txt'], 'A.']);
    expect(await collect(validation)).toEqual([stories['data/1.txt'], 'B.']);
    const mixed = [packages[0], { ...packages[1], validation: undefined }];
    expect(sourceParameters.safeParse({ type: 'package', packages: mixed }).error?.message).toMatch(/or none/);
  });

  test('is asked for with the token of its registry, which no other host sees', async () => {
    const server = await registry({ token: 'secret' });
    const settings = await options(server);
    const host = server.url.replace('http:', '');
    const env = { ...settings.env, [`npm_config_${host}/:_authToken`]: 'secret' };
    await obtainFiles(await source(server), { ...settings, env });
    expect(server.requests.map(({ host: asked, authorization }) => [asked, authorization])).toEqual([
      ['registry', 'Bearer secret'],
      ['tarballs', undefined],
    ]);
  });

  test("of a mirror comes from the mirror, where it tells the address of npm's own registry", async () => {
    const server = await registry({ tarballs: 'https://registry.npmjs.org' });
    await obtainFiles(await source(server), await options(server));
    expect(server.requests.map(({ host, url }) => `${host} ${url}`)).toEqual([
      'registry /@test%2fstories',
      'registry /@test/stories/-/stories-1.2.3.tgz',
    ]);
  });
});

describe('a cut connection', () => {
  test('is resumed with a request for the missing range only', async () => {
    let arrived!: () => void;
    const until = new Promise<void>((resolve) => (arrived = resolve));
    const server = await registry({ fault: faults('tarballs', { cutAfter: 1_000, until }) });
    const onDownload = (_: string, done: number) => void (done === 1_000 && arrived());
    await obtainFiles(await source(server), await options(server, { onDownload }));
    expect(server.requests.filter(({ host }) => host === 'tarballs').map(({ range }) => range)).toEqual([
      undefined,
      'bytes=1000-',
    ]);
  });

  test('503 and silence are tried again', async () => {
    const server = await registry({ fault: faults('registry', { status: 503 }, 'silence') });
    await obtainFiles(await source(server), await options(server, { retries: { ...quick, silenceMs: 300 } }));
    expect(server.requests.filter(({ host }) => host === 'registry')).toHaveLength(3);
  });
});

describe('an error says what to do', () => {
  const obtain = async (server: RegistryServer, package_ = {}) =>
    obtainFiles(await source(server, package_), await options(server));

  test('about a name, a version or a checksum that the registry does not have', async () => {
    const server = await registry();
    expect(await failure(obtain(server, { name: 'nothing' }))).toMatch(
      /nothing@1\.2\.3: not found in the npm registry[^]*npm view/,
    );
    expect(await failure(obtain(server, { version: '9.9.9' }))).toMatch(
      /no such version[^]*1 versions, the latest 1\.2\.3/,
    );
    const integrity = `sha512-${'A'.repeat(86)}==`;
    expect(await failure(obtain(server, { integrity }))).toMatch(
      /wrong checksum[^]*sha512-AAAA[^]*as the registry says/,
    );
    expect(server.requests.every(({ host }) => host === 'registry')).toBe(true);
  });

  test('about other content under the right name, which is deleted', async () => {
    const body = Buffer.from(tarball);
    body[1000]! ^= 1;
    const server = await registry({ fault: faults('tarballs', { body }) });
    const settings = await options(server);
    expect(await failure(obtainFiles(await source(server), settings))).toMatch(
      /wrong checksum; the download was deleted[^]*sha512-/,
    );
    expect(await readdir(settings.directory)).toEqual([]);
    await obtainFiles(await source(server), settings);
  });

  test('about access', async () => {
    expect(await failure(obtain(await registry({ token: 'secret' })))).toMatch(
      /refuses access[^]*HTTP 401[^]*npm login/,
    );
  });

  test('about a registry that cannot be reached', async () => {
    const server = await registry();
    const pinned = await source(server);
    const settings = await options(await nobody());
    expect(await failure(obtainFiles(pinned, settings))).toMatch(
      /@test\/stories@1\.2\.3 could not be downloaded: the npm registry could not be reached[^]*ECONNREFUSED[^]*npm_config_registry/,
    );
  });

  test('about a registry that sends next to nothing', async () => {
    const slow: Fault = { trickle: 1, everyMs: 5 };
    const server = await registry({ fault: faults('tarballs', slow, slow, slow) });
    const retries = { ...quick, silenceMs: 300, minimumRate: 10_000, giveUpAfterMs: 1_000 };
    const error = obtainFiles(await source(server), await options(server, { retries }));
    expect(await failure(error)).toMatch(/the npm registry sends next to nothing/);
  });

  test.each([
    ['a page of HTML', '<html>Log in</html>', /answers in a way[^]*npm config get registry/],
    ['no versions', {}, /an answer without versions/],
    ['no tarball', { versions: { '1.2.3': {} } }, /the address undefined for its tarball/],
    [
      'a file as tarball',
      { versions: { '1.2.3': { dist: { tarball: 'file:///etc/passwd' } } } },
      /file:\/\/\/etc\/passwd/,
    ],
  ])('about an answer of %s', async (_, answer, message) => {
    expect(await failure(obtain(await registry({ edit: () => answer })))).toMatch(message);
  });
});

describe('a registry out of reach', () => {
  const stand = { whenUnreachable: 'embedded', embedded: { stories: 3, validationStories: 1 } };

  test('is replaced by the embedded corpus where the source says so, and one in reach is not', async () => {
    const server = await registry();
    const gone = await nobody();
    const { env } = await options(gone);
    const replaced = await resolveSource(parse(server, {}, stand), {
      root: '/',
      env,
      retries: { ...quick, attempts: 1 },
    });
    expect(replaced).toMatchObject({
      source: { type: 'embedded', stories: 3 },
      substitution: `embedded corpus instead of ${PACKAGE}: the npm registry could not be reached`,
      reason: `${gone.url}/: ECONNREFUSED`,
    });
    const { root, env: near } = await options(server);
    const reached = await resolveSource(parse(server, {}, stand), { root, env: near!, retries: quick });
    expect(reached.source).toEqual(await source(server));
  });

  test('is no excuse for a wrong pin', async () => {
    const server = await registry();
    const settings = await options(server);
    const wrong = parse(server, { version: '0.0.0' }, stand);
    await expect(resolveSource(wrong, { root: '/', env: settings.env!, retries: quick })).rejects.toThrow(
      /no such version/,
    );
  });
});

test.each([
  ['a range of versions', { version: '^1.0.0' }, /exact version/],
  ['a tag', { version: 'latest' }, /exact version/],
  ['a checksum of another kind', { integrity: 'sha1-AAAA' }, /sha512-/],
  ['a path out of the package', { train: '../other/*.txt' }, /inside the package/],
  ['an address as name', { name: 'https://host/x' }, /name of an npm package/],
])('a source with %s is refused', async (_, package_, message) => {
  const pinned = { name: 'a', version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==`, train: 'a.txt', ...package_ };
  expect(sourceParameters.safeParse({ type: 'package', packages: pinned }).error?.message).toMatch(message);
});

test('paths of downloads are independent of what a package is called', async () => {
  const server = await registry();
  const settings = await options(server);
  const { train } = await obtainFiles(await source(server), settings);
  expect(train.every(({ path }) => path.startsWith(join(settings.directory, '/')))).toBe(true);
});
