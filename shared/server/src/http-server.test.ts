/** @file What is no HTTP, or a request that nobody can answer: errors have the same form as all others. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tinyServer, type TinyServer } from './testing/tiny-server.ts';

let server: TinyServer;
const defects: unknown[] = [];
beforeAll(async () => {
  server = await tinyServer({ onError: (error) => defects.push(error) });
});
afterAll(() => server.close());

/** What a connection answers to bytes, behind which nothing more comes. */
function answerTo(bytes: string, { url }: TinyServer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.end(bytes));
    let answer = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (answer += piece));
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}

const asked = (line: string, headers = '') => `${line} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`;
const JSON_BODY = 'Host: a\r\nContent-Type: application/json\r\n';

test.each([
  ['garbage', '\u0016\u0003\u0001\r\n\r\n', 400],
  ['a method that there is not', asked('BANANA /v1/models', 'Host: a\r\n'), 400],
  ['no host', asked('GET /v1/models'), 400],
  ['what is no host', asked('GET /v1/models', 'Host: a b\r\n'), 400],
  ['what is no URL', asked('OPTIONS *', 'Host: a\r\n'), 400],
  ['a scheme that there is not', asked('GET ftp://a/v1/models', 'Host: a\r\n'), 400],
  ['headers that are too long', asked('GET /v1/models', `Host: a\r\nX: ${'x'.repeat(20_000)}\r\n`), 431],
  ['an expectation', asked('GET /v1/models', 'Host: a\r\nExpect: bananas\r\n'), 417],
  ['a length that is none', asked('POST /v1/completions', `${JSON_BODY}Content-Length: abc\r\n`), 400],
  ['a body that is cut off', `${asked('POST /v1/completions', `${JSON_BODY}Content-Length: 99\r\n`)}{"prompt"`, 400],
])('%s is refused as everything else is', async (_, bytes, status) => {
  const [head = '', body = ''] = (await answerTo(bytes, server)).split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(head).toMatch(/^content-type: application\/json$/im);
  const { error } = JSON.parse(body) as { error: object };
  expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code']);
  expect(defects).toEqual([]);
});

test('requests that are cut off do not count as failures of the server', async () => {
  const metrics = await (await server.ask('/metrics')).text();
  expect(metrics).not.toContain('status="500"');
});
