/** @file A stand-in for the Hugging Face hub that takes uploads, with faults on demand: repositories of models, small files and large ones. For tests. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';

export interface UploadServerOptions {
  /** The only token that it knows. */
  token: string;
  /** Whose repositories the token may write. */
  owner: string;
  /** Files by path, of repositories by name, that are there. */
  repositories?: Record<string, Record<string, string>>;
  /** Called for every request, with method and path: a status to answer with, or the end of the connection. */
  fault?: (request: string) => number | 'cut' | undefined;
}

export interface UploadServer {
  /** To be used as HF_ENDPOINT. */
  url: string;
  /** What it has now. */
  repositories: Map<string, { files: Map<string, Buffer>; isPrivate: boolean; commits: string[] }>;
  /** Method and path of what was asked. */
  requests: string[];
  close: () => Promise<void>;
}

/** Larger files are uploaded by themselves, and named by their digest in the commit. */
const SMALL = 1000;

type Line =
  | { key: 'header'; value: { summary: string } }
  | { key: 'file'; value: { path: string; content: string } }
  | { key: 'lfsFile'; value: { path: string; oid: string; size: number } }
  | { key: 'deletedFile'; value: { path: string } };

export async function startUploadServer(options: UploadServerOptions): Promise<UploadServer> {
  const repositories: UploadServer['repositories'] = new Map(
    Object.entries(options.repositories ?? {}).map(([name, files]) => [
      name,
      {
        files: new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
        isPrivate: false,
        commits: [],
      },
    ]),
  );
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];

  const server = createServer((incoming, response) => {
    void answer(incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(incoming.url ?? '/', url);
    const request = `${incoming.method} ${pathname}`;
    requests.push(request);
    const fault = options.fault?.(request);
    if (fault === 'cut') {
      await once(incoming, 'readable'); // some of it has come
      incoming.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const send = (status: number, json: unknown) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(json));
    };
    if (fault !== undefined) return send(fault, { error: `the fault ${fault}` });
    const [, object] = /^PUT \/objects\/([0-9a-f]{64})$/.exec(request) ?? [];
    if (object !== undefined) {
      if (createHash('sha256').update(body).digest('hex') !== object) return send(400, { error: 'another content' });
      objects.set(object, body);
      return send(200, {});
    }
    if (incoming.headers.authorization !== `Bearer ${options.token}`)
      return send(401, { error: 'Invalid credentials' });
    if (request === 'POST /api/repos/create') {
      const { organization, name, visibility } = JSON.parse(String(body)) as Record<string, string>;
      if (organization !== options.owner)
        return send(403, { error: `You don't have the rights to create a model under ${organization}` });
      repositories.set(`${organization}/${name}`, {
        files: new Map(),
        isPrivate: visibility === 'private',
        commits: [],
      });
      return send(200, { url: `${url}/${organization}/${name}`, id: '1' });
    }
    const [, name = '', action] =
      /^(?:GET|POST) \/api\/models\/([^/]+\/[^/]+)\/(tree|preupload|commit)\//.exec(request) ??
      /^POST \/([^/]+\/[^/]+)\.git\/info\/(lfs)\//.exec(request) ??
      [];
    const repository = repositories.get(name);
    if (repository === undefined) return send(404, { error: 'Repository not found' });
    if (action !== 'tree' && !name.startsWith(`${options.owner}/`))
      return send(403, { error: 'Forbidden: pass a token with write access' });
    switch (action) {
      case 'tree':
        return send(
          200,
          [...repository.files].map(([path, { length }]) => ({ type: 'file', path, size: length, oid: 'x' })),
        );
      case 'preupload': {
        const { files } = JSON.parse(String(body)) as { files: { path: string; size: number }[] };
        return send(200, {
          files: files.map(({ path, size }) => ({ path, uploadMode: size > SMALL ? 'lfs' : 'regular' })),
        });
      }
      case 'lfs': {
        const asked = JSON.parse(String(body)) as { objects: { oid: string; size: number }[] };
        return send(200, {
          transfer: 'basic',
          objects: asked.objects.map(({ oid, size }) => ({
            oid,
            size,
            ...(objects.has(oid) ? {} : { actions: { upload: { href: `${url}/objects/${oid}` } } }),
          })),
        });
      }
      default: {
        const lines = String(body)
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Line);
        for (const line of lines) {
          if (line.key === 'header') repository.commits.push(line.value.summary);
          else if (line.key === 'file')
            repository.files.set(line.value.path, Buffer.from(line.value.content, 'base64'));
          else if (line.key === 'deletedFile') repository.files.delete(line.value.path);
          else repository.files.set(line.value.path, objects.get(line.value.oid) ?? Buffer.from('missing'));
        }
        return send(200, {
          success: true,
          commitOid: 'c0ffee',
          commitUrl: `${url}/${name}/commit/c0ffee`,
          hookOutput: '',
        });
      }
    }
  }

  return {
    url,
    repositories,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
