/** @file Node's server of HTTP, which tells the errors that it finds by itself as the API tells its own. */
import { createServer, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import { ApiError, toApiError } from './api-error.ts';

/** What is no HTTP, by Node's name of the error; 400 are all others. */
const STATUS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

/** @param fetch answers requests that are HTTP, and of which a URL can be made */
export function createHttpServer(fetch: (request: Request) => Response | Promise<Response>): Server {
  const listener = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    errorHandler: (error) => {
      const told = error instanceof RequestError ? notUnderstood(400, error.message) : toApiError(error);
      return Response.json(told.body, { status: told.status });
    },
  });
  // The listener refuses requests without the header Host, too.
  const server = createServer({ requireHostHeader: false }, listener);
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }, answer) => answers.set(socket, answer));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const answer = answers.get(socket);
    const isWithinAnswer = answer !== undefined && answer.headersSent && !answer.writableFinished;
    if (!socket.writable || isWithinAnswer) socket.destroy();
    else socket.end(written(notUnderstood(STATUS[error.code ?? ''] ?? 400, error.message)));
  });
  server.on('checkExpectation', ({ headers: { expect } }, answer) => {
    const { body } = new ApiError(417, `Expectations other than 100-continue are not met: ${JSON.stringify(expect)}.`);
    answer.statusCode = 417;
    answer.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
  });
  return server;
}

const notUnderstood = (status: number, reason: string): ApiError =>
  new ApiError(status, `The request is not understood: ${reason}.`, { code: 'invalid_request' });

/** An error on a connection that Node takes no more requests from. */
function written({ status, body }: ApiError): string {
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
}
