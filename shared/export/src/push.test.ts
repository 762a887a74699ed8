/** @file Tests of uploads to the hub, against a stand-in for it: what comes there, and that a repository is as it was where anything fails. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PushOptions, pushToHub } from './push.ts';
import { startUploadServer, type UploadServer, type UploadServerOptions } from './testing/upload-server.ts';

const TOKEN = 'hf_good';
const LARGE = 'large '.repeat(1000);

let folder: string;
let hub: UploadServer;
let fault: UploadServerOptions['fault'];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'push-'));
  writeFileSync(join(folder, 'config.json'), '{}\n');
  writeFileSync(join(folder, 'model.safetensors'), LARGE);
  fault = undefined;
  hub = await startUploadServer({
    token: TOKEN,
    owner: 'me',
    repositories: {
      'me/full': {
        '.gitattributes': '*',
        'README.md': 'old',
        'config.json': 'old',
        'model-00001-of-00002.safetensors': 'old',
      },
      'me/empty': { '.gitattributes': '*' },
      'other/full': { 'config.json': 'theirs' },
    },
    fault: (request) => fault?.(request),
  });
});
afterEach(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});

const push = (repository: string, options: Partial<PushOptions> = {}, env: Record<string, string | undefined> = {}) =>
  pushToHub({
    folder,
    repository,
    title: 'a model',
    env: { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN, ...env },
    ...options,
  });

const filesOf = (name: string): Record<string, string> =>
  Object.fromEntries([...(hub.repositories.get(name)?.files ?? [])].map(([path, content]) => [path, String(content)]));
const whole = { 'config.json': '{}\n', 'model.safetensors': LARGE };

test('a new repository is made, and has all files by one commit', async () => {
  const shares: number[] = [];
  const pushed = await push('me/new', { isPrivate: true, onProgress: (share) => shares.push(share) });
  expect(pushed).toEqual({ url: `${hub.url}/me/new`, commit: 'c0ffee', files: ['config.json', 'model.safetensors'] });
  expect(filesOf('me/new')).toEqual(whole);
  expect(hub.repositories.get('me/new')).toMatchObject({ isPrivate: true, commits: ['a model'] });
  expect(shares.length).toBeGreaterThan(0);
});

test('an empty repository is filled; one with files is not touched, unless that is said', async () => {
  await push('me/empty');
  expect(filesOf('me/empty')).toEqual({ '.gitattributes': '*', ...whole });
  const before = filesOf('me/full');
  await expect(push('me/full')).rejects.toThrow(/has files already(.|\n)*README\.md, config\.json(.|\n)*overwrite/);
  expect(filesOf('me/full')).toEqual(before);
  await push('me/full', { overwrite: true });
  // What is not of the export stays, but weights that would be loaded beside it.
  expect(filesOf('me/full')).toEqual({ '.gitattributes': '*', 'README.md': 'old', ...whole });
});

test('without a token, or a name that can be one, nothing is asked', async () => {
  await expect(push('me/new', {}, { HF_TOKEN: undefined })).rejects.toThrow(
    /without a token(.|\n)*HF_TOKEN is not set/,
  );
  await expect(push('me/new', {}, { HF_TOKEN: 'secret' })).rejects.toThrow(/begins with hf_/);
  for (const name of ['cats', 'me/../x', 'me/a b', 'me/cats/more', '/cats', '']) {
    await expect(push(name)).rejects.toThrow(/no name of a repository/);
  }
  expect(hub.requests).toEqual([]);
});

test('what the hub refuses is told by what is to be done', async () => {
  await expect(push('me/new', {}, { HF_TOKEN: 'hf_bad' })).rejects.toThrow(
    /does not know the token(.|\n)*HTTP 401: Invalid/,
  );
  await expect(push('other/new')).rejects.toThrow(/may not write there(.|\n)*HTTP 403(.|\n)*right to write for other/);
  await expect(push('other/full', { overwrite: true })).rejects.toThrow(/may not write there/);
  expect(filesOf('other/full')).toEqual({ 'config.json': 'theirs' });
  fault = (request) => (/create/.test(request) ? 404 : undefined);
  await expect(push('me/new')).rejects.toThrow(/no such owner(.|\n)*HTTP 404/);
});

test.each<[string, RegExp, number | 'cut', RegExp]>([
  ['while a file is sent', /^PUT/, 'cut', /broke off; the repository has none of it/],
  ['as the commit is made', /\/commit\//, 500, /the hub failed(.|\n)*nothing of the repository has changed/],
  ['as somebody else commits', /\/commit\//, 412, /changed at the same time/],
])('where it fails %s, the repository is as it was', async (_, where, how, message) => {
  const before = filesOf('me/full');
  fault = (request) => (where.test(request) ? how : undefined);
  await expect(push('me/full', { overwrite: true })).rejects.toThrow(message);
  expect(filesOf('me/full')).toEqual(before);
  fault = undefined;
  await push('me/full', { overwrite: true });
  expect(filesOf('me/full')).toMatchObject(whole);
});

test('a hub that cannot be reached, and a signal, end it', async () => {
  await expect(push('me/new', {}, { HF_ENDPOINT: 'http://127.0.0.1:9' })).rejects.toThrow(/can be reached/);
  await expect(push('me/new', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
