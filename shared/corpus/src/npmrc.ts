/** @file Where npm would fetch a package from, and with what credentials: its environment variables and .npmrc files. */

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '@arrowsmith/errors';

type Environment = Record<string, string | undefined>;

/** The registry of a package, and what it wants to be told of the reader. */
export interface RegistryAccess {
  /** With a slash at its end. */
  registry: string;
  /** Credentials, for addresses of this registry only. */
  headers: Record<string, string>;
}

/** npm's own, which most people use. */
export const NPM_REGISTRY = 'https://registry.npmjs.org/';

/**
 * Reads npm's configuration as npm does, as far as it concerns reading a package: `npm_config_…` in the environment before
 * `.npmrc` of the workspace, of the person and of the machine; `@scope:registry` before `registry`.
 *
 * @param name of the package
 * @param root of the workspace
 * @throws {UserError} when the registry is no http address
 */
export async function registryAccess(name: string, root: string, env: Environment): Promise<RegistryAccess> {
  const get = await configuration(root, env);
  const scope = /^(@[^/]+)\//.exec(name)?.[1];
  const key = scope !== undefined && get(`${scope}:registry`) !== undefined ? `${scope}:registry` : 'registry';
  const registry = `${(get(key) ?? NPM_REGISTRY).replace(/\/+$/, '')}/`;
  if (!/^https?:\/\//.test(registry) || !URL.canParse(registry)) {
    throw new UserError({
      what: `npm's ${key} is not an address`,
      expected: `an http or https URL, such as ${NPM_REGISTRY}`,
      found: registry,
      fix: `npm config set ${key} <address>, or unset npm_config_registry`,
    });
  }
  return { registry, headers: credentials(new URL(registry), get) };
}

type Get = (key: string) => string | undefined;

async function configuration(root: string, env: Environment): Promise<Get> {
  const variables = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    const [, key] = /^npm_config_(.+)$/i.exec(name) ?? [];
    // A variable that is empty is none, as for npm.
    if (key !== undefined && value)
      variables.set(/^[@/_]/.test(key) ? key : key.toLowerCase().replaceAll('_', '-'), value);
  }
  const home = env.HOME ?? env.USERPROFILE ?? homedir();
  const prefix = process.platform === 'win32' ? dirname(process.execPath) : dirname(dirname(process.execPath));
  const paths = [
    join(root, '.npmrc'),
    variables.get('userconfig') ?? join(home, '.npmrc'),
    variables.get('globalconfig') ?? join(variables.get('prefix') ?? prefix, 'etc/npmrc'),
  ];
  const files = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
  const layers = [variables, ...files.map((text) => parseNpmrc(text, env))];
  return (key) => layers.find((layer) => layer.has(key))?.get(key);
}

/** Lines of `key = value`; `${NAME}` stands for an environment variable, and for itself where there is none. */
export function parseNpmrc(text: string, env: Environment): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined) continue;
    const unquoted = value!.replace(/^(["'])(.*)\1$/, '$2');
    const expanded = unquoted.replace(/\$\{([^}]+)\}/g, (whole, name: string) => env[name] ?? whole);
    entries.set(key, expanded);
  }
  return entries;
}

/** npm keeps credentials by address without its protocol, of the registry or of a folder above it. */
function credentials({ host, pathname }: URL, get: Get): Record<string, string> {
  for (let path = pathname; ; path = path.replace(/[^/]*\/$/, '')) {
    const of = (name: string) => get(`//${host}${path}:${name}`) ?? get(`//${host}${path.replace(/\/$/, '')}:${name}`);
    const token = of('_authToken');
    if (token !== undefined) return { Authorization: `Bearer ${token}` };
    const [basic, user, password] = [of('_auth'), of('username'), of('_password')];
    if (basic !== undefined) return { Authorization: `Basic ${basic}` };
    if (user !== undefined && password !== undefined) {
      const pair = `${user}:${Buffer.from(password, 'base64').toString()}`;
      return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
    }
    if (path === '/' || path === '') return {};
  }
}
