/** @file A stand-in for an npm registry and the host of its tarballs, on two ports of this machine, with faults on demand. For tests. */

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { listen, sendFile } from './hub-server.ts';
import type { Fault } from './hub-server.ts';

export interface RegistryRequest {
  /** `registry` answers with what it has of a package; `tarballs` has the bytes. */
  host: 'registry' | 'tarballs';
  /** Path and query of the address. */
  url: string;
  range: string | undefined;
  authorization: string | undefined;
}

export interface RegistryServerOptions {
  /** Tarballs by name and version: `@test/stories@1.0.0`. */
  packages: Record<string, Uint8Array>;
  /** A token without which the registry answers 401. */
  token?: string;
  /** Called for every request; what it returns is the answer instead of the right one. */
  fault?: (request: RegistryRequest) => Fault | undefined;
  /** Changes what the registry says of a package. */
  edit?: (answer: Record<string, unknown>) => unknown;
  /** Address of the tarballs that the registry tells; their host's by default. */
  tarballs?: string;
}

export interface RegistryServer {
  /** To be used as npm_config_registry. */
  url: string;
  requests: RegistryRequest[];
  /** What a source says of a package. */
  pin: (package_: string) => { name: string; version: string; integrity: string };
  close: () => Promise<void>;
}

const integrity = (content: Uint8Array): string => `sha512-${createHash('sha512').update(content).digest('base64')}`;

/** Starts the two servers: `/<name>` of the registry lists versions with address and checksum of their tarballs. */
export async function startRegistryServer(options: RegistryServerOptions): Promise<RegistryServer> {
  const { packages, token, fault, edit = (answer) => answer } = options;
  const requests: RegistryRequest[] = [];
  const split = (package_: string): [name: string, version: string] => {
    const at = package_.lastIndexOf('@');
    return [package_.slice(0, at), package_.slice(at + 1)];
  };
  const file = (package_: string) => {
    const [name, version] = split(package_);
    return `${name}/-/${name.replace(/^.*\//, '')}-${version}.tgz`;
  };
  const note = (host: RegistryRequest['host'], { url, headers }: IncomingMessage): Fault | undefined => {
    const request = { host, url: url!, range: headers.range, authorization: headers.authorization };
    requests.push(request);
    return fault?.(request);
  };

  const bytesAt = (url: string): Uint8Array | undefined => {
    const path = decodeURIComponent(new URL(url, 'http://host').pathname.slice(1));
    return Object.entries(packages).find(([package_]) => file(package_) === path)?.[1];
  };
  const tarballs = await listen((incoming, response) => {
    const content = bytesAt(incoming.url!);
    const wrong = note('tarballs', incoming) ?? (content === undefined ? { status: 404 } : undefined);
    sendFile(incoming, response, content ?? new Uint8Array(), wrong);
  });
  const registry = await listen((incoming, response) => {
    const wrong = note('registry', incoming);
    const content = bytesAt(incoming.url!);
    if (wrong !== undefined || content !== undefined) {
      sendFile(incoming, response, content ?? new Uint8Array(), wrong);
      return;
    }
    if (token !== undefined && incoming.headers.authorization !== `Bearer ${token}`) {
      response.writeHead(401).end();
      return;
    }
    const name = decodeURIComponent(incoming.url!.slice(1));
    const versions = Object.entries(packages)
      .map(([package_, bytes]) => [...split(package_), bytes, file(package_)] as const)
      .filter(([of]) => of === name)
      .map(([, version, bytes, path]) => [
        version,
        { dist: { tarball: `${options.tarballs ?? tarballs.url}/${path}`, integrity: integrity(bytes) } },
      ]);
    if (versions.length === 0) {
      response.writeHead(404).end('{}');
      return;
    }
    const latest = versions.at(-1)![0];
    const answer = edit({ name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) });
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });

  return {
    url: registry.url,
    requests,
    pin: (package_) => {
      const [name, version] = split(package_);
      return { name, version, integrity: integrity(packages[package_]!) };
    },
    close: async () => {
      await Promise.all([registry.close(), tarballs.close()]);
    },
  };
}
