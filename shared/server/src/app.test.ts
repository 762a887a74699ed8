/** @file Paths beside those that make texts, and who may ask. */
import { generationParameters } from '@arrowsmith/generation';
import { afterEach, expect, test } from 'vitest';
import { createApp } from './app.ts';
import { plainTemplate } from './chat-template.ts';
import { Models } from './models.ts';
import { tinyServer, type TinyServer } from './testing/tiny-server.ts';

let server: TinyServer | undefined;
afterEach(() => server?.close());

test('it is well', async () => {
  server = await tinyServer();
  expect(await (await server.ask('/health')).json()).toEqual({ status: 'ok' });
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test('it is not well while its device computes nothing, and is again once it does', async () => {
  let isLost = false;
  server = await tinyServer({}, {}, { isLost: () => isLost });
  const { ask } = server;
  const statusOf = async () => (await ask('/v1/completions', { prompt: 'a', max_tokens: 2 })).status;
  expect(await statusOf()).toBe(200);
  isLost = true;
  expect(await statusOf()).toBe(500);
  const health = await ask('/health');
  expect(health.status).toBe(503);
  expect(await health.json()).toEqual({
    status: 'failing',
    failing: [{ model: 'tiny', reason: 'the device is lost' }],
  });
  isLost = false;
  expect(await statusOf()).toBe(200);
  expect((await ask('/health')).status).toBe(200);
});

test('a request that fails alone leaves it well', async () => {
  server = await tinyServer();
  const impossible = () => {
    throw new Error('nothing can follow');
  };
  const { engine } = server.model;
  const parameters = generationParameters.parse({ maximumTokens: 2 });
  const failing = engine.generate({ prompt: [1], parameters, constraints: [impossible] });
  await expect(failing.next().then(() => failing.next())).rejects.toThrow('nothing can follow');
  expect((await server.ask('/health')).status).toBe(200);
});

test('with a key, only those who have it may ask', async () => {
  server = await tinyServer({ apiKey: 'secret' });
  const statusOf = async (path: string, key?: string) => {
    const headers = new Headers(key === undefined ? {} : { Authorization: `Bearer ${key}` });
    return (await server?.ask(path, undefined, { headers }))?.status;
  };
  expect(await statusOf('/v1/models', 'secret')).toBe(200);
  for (const key of [undefined, '', 'Secret', 'secret ']) {
    expect(await statusOf('/v1/models', key && `${key}x`)).toBe(401);
  }
  expect(await statusOf('/metrics')).toBe(401);
  expect(await statusOf('/health')).toBe(200);
  const refused = await server.ask('/v1/completions', { prompt: 'a' });
  expect(await refused.json()).toMatchObject({ error: { code: 'invalid_api_key', type: 'invalid_request_error' } });
});

test('pages of other origins may ask only where they are allowed to', async () => {
  server = await tinyServer();
  const headers = { Origin: 'https://example.org', 'Access-Control-Request-Method': 'POST' };
  const preflight = { method: 'OPTIONS', headers };
  const refused = await server.ask('/v1/completions', undefined, preflight);
  expect(refused.headers.get('Access-Control-Allow-Origin')).toBeNull();
  await server.close();
  server = await tinyServer({ origin: 'https://example.org', apiKey: 'secret' });
  const allowed = await server.ask('/v1/completions', undefined, preflight);
  expect(allowed.status).toBe(204);
  expect(allowed.headers.get('Access-Control-Allow-Origin')).toBe('https://example.org');
});

test('a server that is about to stop takes nothing new', async () => {
  const load = (): Promise<never> => Promise.reject(new Error('never'));
  const app = createApp(new Models([{ id: 'tiny', created: 0, load }]), { isStopping: () => true });
  const response = await app.request('/v1/models');
  expect(response.status).toBe(503);
  expect(response.headers.get('Connection')).toBe('close');
});

test('a model that cannot be loaded is an error of the server, each time', async () => {
  const errors: unknown[] = [];
  const load = (): Promise<never> => Promise.reject(new Error('damaged'));
  const models = new Models([{ id: 'tiny', created: 0, load }]);
  const app = createApp(models, { onError: (error) => errors.push(error) });
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"prompt": "a"}' };
  for (let i = 1; i <= 2; i++) {
    const response = await app.request('/v1/completions', init);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({
      error: { type: 'server_error', message: 'The server had an error.' },
    });
    expect(errors).toHaveLength(i);
  }
});

test('metrics count requests, tokens and times', async () => {
  server = await tinyServer();
  await (await server.ask('/v1/completions', { prompt: 'abc', max_tokens: 5, logit_bias: { 256: -100 } })).text();
  await (await server.ask('/v1/completions', { prompt: 1 })).text();
  await (await server.ask('/v1/nothing')).text();
  const response = await server.ask('/metrics');
  expect(response.headers.get('Content-Type')).toContain('text/plain; version=0.0.4');
  const text = await response.text();
  expect(text).toContain('arrowsmith_requests_total{path="/v1/completions",status="200"} 1');
  expect(text).toContain('arrowsmith_requests_total{path="/v1/completions",status="400"} 1');
  expect(text).toContain('arrowsmith_requests_total{path="other",status="404"} 1');
  expect(text).toContain('arrowsmith_prompt_tokens_total 4\n');
  expect(text).toContain('arrowsmith_completion_tokens_total 5\n');
  expect(text).toContain('arrowsmith_texts_running{model="tiny"} 0');
  expect(text).toContain('arrowsmith_cache_held_bytes{model="tiny"} 0');
  expect(text).toMatch(/arrowsmith_cache_capacity_bytes\{model="tiny"\} [1-9]\d*/);
  expect(text).toContain('arrowsmith_time_to_first_token_seconds_count 1\n');
  expect(text).toContain('arrowsmith_time_per_token_seconds_bucket{le="+Inf"} 4\n');
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) arrowsmith_\w+ .+|arrowsmith_\w+(\{(\w+="[^"]*",?)+\})? [\d.e+-]+)$/);
  }
});

test('metrics tell how many tokens were drafted, and how many of them were kept', async () => {
  server = await tinyServer({}, { drafts: { by: 'prompt-lookup' } });
  const onlyA = { 97: 100 };
  await (await server.ask('/v1/completions', { prompt: 'abc', max_tokens: 20, logit_bias: onlyA })).text();
  const text = await (await server.ask('/metrics')).text();
  const [drafted, accepted] = ['drafted', 'accepted'].map((name) =>
    Number(new RegExp(`^arrowsmith_${name}_tokens_total\\{model="tiny"\\} (\\d+)$`, 'm').exec(text)?.[1]),
  );
  expect(drafted).toBeGreaterThan(0);
  expect(accepted).toBe(drafted);
});

test('a port that is taken is an error that says so', async () => {
  server = await tinyServer();
  const port = Number(new URL(server.url).port);
  await expect(tinyServer({ port })).rejects.toThrow(/another program/);
});

test('an empty host is an error, and not all of them', async () => {
  await expect(tinyServer({ host: '' })).rejects.toThrow('an empty host');
});

test('a conversation becomes the prompt that its template says', async () => {
  const seen: string[] = [];
  const chatTemplate = { ...plainTemplate, render: () => (seen.push('asked'), 'x'), hasSpecialTokens: true };
  server = await tinyServer({}, {}, { chatTemplate });
  const asked = { messages: [{ role: 'user', content: 'a' }], max_tokens: 1, logit_bias: { 256: -100 } };
  const { usage } = (await (await server.ask('/v1/chat/completions', asked)).json()) as { usage: unknown };
  expect(usage).toMatchObject({ prompt_tokens: 1, completion_tokens: 1 });
  expect(seen).toEqual(['asked']);
});
