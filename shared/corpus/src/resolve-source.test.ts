/** @file What a source resolves to: local files and their checksums, the hub or its substitute. */

import { existsSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { afterEach, describe, expect, test } from 'vitest';
import { sourceParameters } from './parameters.ts';
import { resolveSource } from './resolve-source.ts';
import { probeRetries } from './retry.ts';
import { startHubServer } from './testing/hub-server.ts';
import type { HubServer, HubServerOptions } from './testing/hub-server.ts';
import { scratchDirectory } from './testing/scratch.ts';

async function workspace(): Promise<string> {
  const root = await scratchDirectory();
  await mkdir(join(root, 'notes/old'), { recursive: true });
  for (const path of ['notes/b.txt', 'notes/a.txt', 'notes/B.txt', 'notes/old/c.txt', 'notes/d.md', 'notes/[x].txt']) {
    await writeFile(join(root, path), path);
  }
  return root;
}

const resolveFiles = (root: string, path: string | string[], more = {}) =>
  resolveSource(sourceParameters.parse({ type: 'file', path, ...more }), { root });

const paths = async (root: string, path: string | string[]) => {
  const { source } = await resolveFiles(root, path);
  return source.type === 'file' && source.train.map((file) => file.path);
};

describe('local files', () => {
  test('are identified by path, size and sha256', async () => {
    const root = await scratchDirectory();
    await writeFile(join(root, 'a.txt'), 'abc');
    await writeFile(join(root, 'b.txt'), '');
    // The sha256 of "abc" is the first example of FIPS 180-2, appendix B.
    const abc = {
      path: 'a.txt',
      bytes: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    };
    expect(await resolveFiles(root, './a.txt', { validation: 'b.txt' })).toEqual({
      source: {
        type: 'file',
        train: [abc],
        validation: [
          { path: 'b.txt', bytes: 0, sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
        ],
        validationShare: 0.1,
      },
    });
  });

  test('of a pattern come sorted by code point, those of a list in its order, and each once', async () => {
    const root = await workspace();
    const text = ['notes/B.txt', 'notes/[x].txt', 'notes/a.txt', 'notes/b.txt', 'notes/old/c.txt'];
    expect(await paths(root, 'notes/**/*.txt')).toEqual(text);
    expect(await paths(root, ['notes/d.md', 'notes/b.txt', 'notes/*.txt'])).toEqual([
      'notes/d.md',
      'notes/b.txt',
      ...text.slice(0, 3),
    ]);
  });

  test('may have names that look like patterns', async () => {
    expect(await paths(await workspace(), 'notes/[x].txt')).toEqual(['notes/[x].txt']);
  });

  test('that are links have the identity of what they point to', async () => {
    const root = await workspace();
    await symlink(join(root, 'notes/a.txt'), join(root, 'link.txt'));
    const { source: link } = await resolveFiles(root, 'link.txt');
    const { source: file } = await resolveFiles(root, 'notes/a.txt');
    expect(link.type === 'file' && link.train[0]!.sha256).toBe(file.type === 'file' && file.train[0]!.sha256);
  });

  test('that are copies of training files cannot be validation files', async () => {
    const root = await workspace();
    await writeFile(join(root, 'copy.txt'), 'notes/a.txt');
    await expect(resolveFiles(root, 'notes/*.txt', { validation: 'copy.txt' })).rejects.toThrow(
      'copy.txt: the same file is used for training and for validation',
    );
  });

  test('of patterns that begin with ! are left out', async () => {
    expect(await paths(await workspace(), ['notes/*.txt', '!notes/[bB].txt', '!notes/\\[*'])).toEqual(['notes/a.txt']);
  });

  test.each([
    ['that matches', 'notes/lost.txt', 'notes/*.txt', /notes\/lost\.txt is a link to nothing[^]*!notes\/lost\.txt/],
    ['that is named', 'notes/lost.txt', 'notes/lost.txt', /notes\/lost\.txt is a link to nothing/],
    ['to a folder that a pattern would search', 'notes/disk', 'notes/**/*.txt', /notes\/disk is a link to nothing/],
  ])('a link to nothing %s is an error', async (_, link, path, message) => {
    const root = await workspace();
    await symlink('/nonexistent/not-mounted', join(root, link));
    await expect(resolveFiles(root, path)).rejects.toThrow(message);
    // What the link cannot belong to is not its business, nor where it is left out.
    expect(await paths(root, 'notes/[a-b].txt')).toEqual(['notes/a.txt', 'notes/b.txt']);
    expect(await paths(root, ['notes/**/*.txt', `!${link}`])).toContain('notes/old/c.txt');
  });

  test('a link to what would be below a file is one to nothing, and a path below a file has its error, too', async () => {
    const root = await workspace();
    await symlink('a.txt/below', join(root, 'notes/lost.txt'));
    await expect(resolveFiles(root, 'notes/lost.txt')).rejects.toThrow(/notes\/lost\.txt is a link to nothing/);
    await expect(resolveFiles(root, 'notes/*.txt')).rejects.toThrow(/notes\/lost\.txt is a link to nothing/);
    await expect(resolveFiles(root, 'notes/a.txt/below.txt')).rejects.toThrow(UserError);
  });

  test('links in a circle are links to nothing', async () => {
    const root = await workspace();
    await symlink('y.txt', join(root, 'notes/x.txt'));
    await symlink('x.txt', join(root, 'notes/y.txt'));
    await expect(resolveFiles(root, 'notes/*.txt')).rejects.toThrow(/notes\/x\.txt is a link to nothing/);
  });

  test.runIf(existsSync('/proc/self/mem'))('a file that cannot be read is an error that names it', async () => {
    const root = await workspace();
    await symlink('/proc/self/mem', join(root, 'notes/m.txt'));
    await expect(resolveFiles(root, 'notes/*.txt')).rejects.toThrow(/notes\/m\.txt cannot be read[^]*EIO/);
  });

  test.skipIf(process.getuid?.() === 0)(
    'a folder and a file without permission are errors that name them',
    async () => {
      const root = await workspace();
      await chmod(join(root, 'notes/old'), 0);
      await expect(resolveFiles(root, 'notes/**/*.txt')).rejects.toThrow(/notes\/old cannot be read[^]*EACCES/);
      await chmod(join(root, 'notes/old'), 0o700);
      await chmod(join(root, 'notes/a.txt'), 0);
      await expect(resolveFiles(root, 'notes/*.txt')).rejects.toThrow(/notes\/a\.txt cannot be read[^]*EACCES/);
    },
  );

  test('a device or a folder is not taken for a file', async () => {
    const root = await workspace();
    await mkdir(join(root, 'notes/folder.txt'));
    expect(await paths(root, 'notes/[a-c]*.txt')).toEqual(['notes/a.txt', 'notes/b.txt']);
    await expect(resolveFiles(root, '/dev/null')).rejects.toThrow(/not a regular file/);
  });

  test.each([
    ['notes/z.txt', /no file matches notes\/z\.txt/],
    ['notes/*.json', /no file matches notes\/\*\.json/],
    ['notes', /notes is a directory[^]*notes\/\*\*\/\*\.txt/],
  ])('%s, which is no file, is an error', async (path, message) => {
    const error: unknown = await resolveFiles(await workspace(), path).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toMatch(message);
  });
});

describe('a hub source', () => {
  const file = { bytes: 5, sha256: 'a'.repeat(64) };
  const content = Buffer.from('One.\n');
  const retries = { ...probeRetries, firstDelayMs: 5, maxDelayMs: 5, silenceMs: 300 };
  const stories = { stories: 30, validationStories: 3, seed: 7 };
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  async function hub(options: Partial<HubServerOptions> = {}): Promise<HubServer> {
    const server = await startHubServer({ files: { 'a.txt': content }, ...options });
    closers.push(server.close);
    return server;
  }

  const source = (server: HubServer, more = {}) =>
    sourceParameters.parse({
      type: 'hub',
      repository: server.repository,
      revision: server.revision,
      train: server.pin('a.txt'),
      whenUnreachable: 'embedded',
      embedded: stories,
      ...more,
    });
  const resolve = (server: HubServer, more = {}) =>
    resolveSource(source(server, more), { root: '/', env: { HF_ENDPOINT: server.url }, retries });
  const substituted = (server: HubServer, reason: string) => ({
    source: { type: 'embedded', ...stories },
    substitution: 'embedded corpus instead of datasets/test/stories: the hub could not be reached',
    reason: `${server.url}: ${reason}`,
  });

  test('that is reachable stays, without its fallback, which does not change its content', async () => {
    const server = await hub();
    const expected = {
      source: {
        type: 'hub',
        repository: server.repository,
        revision: server.revision,
        train: [server.pin('a.txt')],
        validationShare: 0.1,
      },
    };
    expect(await resolve(server)).toEqual(expected);
    expect(await resolve(server, { whenUnreachable: 'fail' })).toEqual(expected);
    expect(server.requests).toHaveLength(1);
  });

  test('is replaced, and says so, when no connection is made', async () => {
    const server = await hub();
    await server.close();
    closers.length = 0;
    expect(await resolve(server)).toEqual(substituted(server, 'ECONNREFUSED'));
  });

  test.each([
    ['HTTP 503', { status: 503 } as const],
    ['HTTP 429', { status: 429, headers: { 'Retry-After': '60' } } as const],
    ['no answer in time', 'silence' as const],
  ])('is replaced when all that comes is %s', async (reason, fault) => {
    const server = await hub({ fault: () => fault });
    expect(await resolve(server)).toEqual(substituted(server, reason));
  });

  test.each(['ENOTFOUND', 'EAI_AGAIN', 'CERT_HAS_EXPIRED', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT'])(
    'is replaced at once on %s',
    async (code) => {
      let asked = 0;
      const fetch = async () => {
        asked++;
        throw new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
      };
      const server = await hub();
      const options = { root: '/', env: { HF_ENDPOINT: server.url }, retries, fetch };
      expect(await resolveSource(source(server), options)).toEqual(substituted(server, code));
      expect(asked).toBe(1);
    },
  );

  test.each([
    ['needs a token', { token: 'hf_secret' }, {}, /refuses access/],
    ['is forbidden', { fault: () => ({ status: 403 }) }, {}, /HTTP 403/],
    ['does not exist', {}, { train: { path: 'b.txt', ...file } }, /not found/],
    ['is of another size', {}, { train: { path: 'a.txt', ...file, bytes: 6 } }, /wrong size/],
    ['has another checksum', {}, { train: { path: 'a.txt', ...file } }, /wrong checksum/],
  ])('whose file %s is never replaced', async (_, serverOptions, more, message) => {
    const error: unknown = await resolve(await hub(serverOptions), more).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toMatch(message);
  });

  test('that validates on its training text is an error', async () => {
    const server = await hub();
    await expect(resolve(server, { validation: server.pin('a.txt') })).rejects.toThrow(
      'a.txt: the same file is used for training and for validation',
    );
  });
});

test('url and embedded sources are what they say', async () => {
  for (const source of [
    sourceParameters.parse({ type: 'embedded' }),
    sourceParameters.parse({ type: 'url', url: 'https://example.org/a.txt', sha256: 'a'.repeat(64) }),
  ]) {
    expect(await resolveSource(source, { root: '/' })).toEqual({ source });
  }
});
