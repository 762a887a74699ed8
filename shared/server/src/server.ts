/** @file The server on the network: it listens, and when it is to stop, it answers first what was asked. */
import { UserError } from '@arrowsmith/errors';
import { type AppOptions, createApp } from './app.ts';
import { createHttpServer } from './http-server.ts';
import type { Models } from './models.ts';

export interface ServerOptions extends Omit<AppOptions, 'isStopping'> {
  /** By default this machine alone. */
  host?: string;
  /** 0: any that is free. */
  port?: number;
}

export interface RunningServer {
  /** As `http://127.0.0.1:8000`. */
  url: string;
  /** Takes no more connections, answers what was asked, and frees the models. */
  close(): Promise<void>;
  /** Closes all connections: what was asked is not answered. */
  abort(): void;
}

/** Connections that may come between two passes of the engine; the system resets those beyond that. */
const BACKLOG = 4096;

/** Milliseconds between looks for connections that wait for nothing. */
const IDLE_MS = 50;

/** @throws UserError where the port is taken, or the host is none or not one of this machine; as {@link createApp} */
export async function startServer(models: Models, options: ServerOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8000 } = options;
  if (host === '') throw withoutHost();
  let isStopping = false;
  const app = createApp(models, { ...options, isStopping: () => isStopping });
  const server = createHttpServer((request) => app.fetch(request));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen({ port, host, backlog: BACKLOG }, resolve);
  });
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    async close() {
      isStopping = true;
      const closed = new Promise((resolve) => server.close(resolve));
      // Connections that have their answer would wait for another request.
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_MS);
      await closed;
      clearInterval(idle);
      await models.dispose();
    },
    abort: () => server.closeAllConnections(),
  };
}

/** Node would listen at all addresses. */
const withoutHost = (): UserError =>
  new UserError({
    what: 'the server cannot listen there',
    expected: 'an address of this machine',
    found: 'an empty host',
    fix: '--host=127.0.0.1 listens to this machine alone, --host=0.0.0.0 to all that reach it',
  });

function cannotListen({ code = 'unknown', message }: NodeJS.ErrnoException, host: string, port: number): UserError {
  return new UserError({
    what: 'the server cannot listen there',
    where: `${host}:${port}`,
    found: code === 'EADDRINUSE' ? 'another program that does' : message,
    fix: code === 'EADDRINUSE' ? '--port=0 takes any free port' : '--host=127.0.0.1 listens to this machine alone',
  });
}
