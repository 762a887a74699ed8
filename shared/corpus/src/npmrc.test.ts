/** @file Where npm fetches a package from: the order of its configuration, and who is told which credentials. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseNpmrc, registryAccess } from './npmrc.ts';
import { scratchDirectory } from './testing/scratch.ts';

/** A workspace and a home with these .npmrc files. */
async function access(name: string, { project = '', user = '', env = {} as Record<string, string> } = {}) {
  const root = await scratchDirectory();
  await mkdir(join(root, 'home'));
  await writeFile(join(root, '.npmrc'), project);
  await writeFile(join(root, 'home/.npmrc'), user);
  return registryAccess(name, root, { HOME: join(root, 'home'), npm_config_globalconfig: '/nonexistent', ...env });
}

test("npm's own registry is asked where nothing else is said", async () => {
  expect(await access('stories')).toEqual({ registry: 'https://registry.npmjs.org/', headers: {} });
});

test('the environment comes before the workspace, and this before the person', async () => {
  const user = 'registry=https://user.example\n';
  const project = 'registry = "https://project.example/npm/"';
  const env = { NPM_CONFIG_REGISTRY: 'https://env.example' };
  expect((await access('a', { user })).registry).toBe('https://user.example/');
  expect((await access('a', { user, project })).registry).toBe('https://project.example/npm/');
  expect((await access('a', { user, project, env })).registry).toBe('https://env.example/');
  expect((await access('a', { env: { npm_config_registry: '' }, user })).registry).toBe('https://user.example/');
});

test('the registry of a scope comes before the others', async () => {
  const user = '@stories:registry=https://scope.example/';
  const env = { npm_config_registry: 'https://env.example/' };
  expect((await access('@stories/a', { user, env })).registry).toBe('https://scope.example/');
  expect((await access('@other/a', { user, env })).registry).toBe('https://env.example/');
  const scoped = { 'npm_config_@stories:registry': 'https://scoped.example/' };
  expect((await access('@stories/a', { user, env: scoped })).registry).toBe('https://scoped.example/');
});

test('credentials are those of the address or of a folder above it, and of no other', async () => {
  const token = (line: string) => access('a', { user: `registry=https://r.example:8443/npm/all/\n${line}` });
  const bearer = { Authorization: 'Bearer t' };
  expect((await token('//r.example:8443/npm/all/:_authToken=t')).headers).toEqual(bearer);
  expect((await token('//r.example:8443/npm/:_authToken=t')).headers).toEqual(bearer);
  expect((await token('//r.example:8443/:_authToken=t')).headers).toEqual(bearer);
  expect((await token('//r.example/npm/all/:_authToken=t')).headers).toEqual({});
  expect((await token('//other.example:8443/:_authToken=t')).headers).toEqual({});
  expect((await token('_authToken=t')).headers).toEqual({});
  expect((await token('//r.example:8443/:_auth=dTpw')).headers).toEqual({ Authorization: 'Basic dTpw' });
  // base64 of "p", and of "u:p"
  const pair = '//r.example:8443/:username=u\n//r.example:8443/:_password=cA==';
  expect((await token(pair)).headers).toEqual({ Authorization: 'Basic dTpw' });
});

test('a file has comments, quotes and variables of the environment', () => {
  const text =
    "# a=1\r\n; b=2\r\n\r\nregistry = https://${HOST}/ \n//h/:_authToken=${TOKEN}\nnone=${NONE}\nflag\nq='x y'\n";
  expect(Object.fromEntries(parseNpmrc(text, { HOST: 'h.example', TOKEN: 't=1' }))).toEqual({
    registry: 'https://h.example/',
    '//h/:_authToken': 't=1',
    none: '${NONE}',
    q: 'x y',
  });
});

test('a registry that is no address is an error', async () => {
  await expect(access('a', { user: 'registry=npm.example' })).rejects.toThrow(/npm's registry is not an address/);
});
