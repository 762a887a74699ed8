/** @file The paths of the server, and what holds for all of them: who may ask, how much, and how errors are told. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import type { AnswerContext } from './answer.ts';
import { Admission } from './admission.ts';
import { ApiError, reasonOf, toApiError } from './api-error.ts';
import { checkedApiKey } from './api-key.ts';
import { chatCompletions } from './chat.ts';
import { completions } from './completions.ts';
import { Metrics } from './metrics.ts';
import type { Models } from './models.ts';
import { readJson } from './requests/read-json.ts';

export interface AppOptions {
  /** Whoever asks has to have it; nobody needs one where it is left out. */
  apiKey?: string | undefined;
  /** Whose pages in browsers may ask, as `https://example.org`; none by default. */
  origin?: string | undefined;
  /** Of the body of a request at most. */
  bodyBytes?: number;
  /** Texts at most that are worked on or wait. */
  places?: number;
  /** Whether the server is about to stop, and takes nothing new. */
  isStopping?: () => boolean;
  /** Is told of what is a defect of the server. */
  onError?: (error: unknown) => void;
}

/** What is asked by POST, with JSON. */
const ENDPOINTS = { '/v1/completions': completions, '/v1/chat/completions': chatCompletions } as const;

/** What is asked by GET. */
const PAGES = ['/v1/models', '/v1/models/:id', '/health', '/metrics'] as const;

/**
 * The server, without a network.
 *
 * @returns what answers a request
 * @throws UserError for what is no key
 */
export function createApp(models: Models, options: AppOptions = {}): Hono {
  const { apiKey, origin, bodyBytes = 4 * 2 ** 20, places = 1024 } = options;
  const { isStopping = () => false, onError = () => undefined } = options;
  const metrics = new Metrics();
  const onDefect = (error: unknown): void => {
    if (!(error instanceof ApiError)) onError(error);
  };
  const context: AnswerContext = { admission: new Admission(places), metrics, onError: onDefect };
  const app = new Hono();

  app.use(async (c, next) => {
    await next();
    metrics.request(pathOf(c), c.res.status);
  });
  if (origin !== undefined) app.use(cors({ origin }));
  app.use(async (_, next) => {
    if (isStopping()) throw stopping(); // over a connection that is still there
    await next();
  });
  if (apiKey !== undefined) {
    const key = checkedApiKey(apiKey, 'apiKey');
    app.use(async (c, next) => {
      if (c.req.path !== '/health') checkKey(c, key);
      await next();
    });
  }

  for (const [path, endpoint] of Object.entries(ENDPOINTS)) {
    app.post(path, async (c) => endpoint(await readJson(c.req.raw, bodyBytes), models, context, c.req.raw.signal));
  }
  app.get('/v1/models', (c) => c.json({ object: 'list', data: models.list() }));
  app.get('/v1/models/:id', (c) => c.json(models.described(c.req.param('id'))));
  app.get('/health', (c) => {
    const failing = models.loaded.flatMap(({ id, engine }) => {
      const { failure } = engine.state();
      return failure === undefined ? [] : [{ model: id, reason: reasonOf(failure) }];
    });
    return failing.length === 0 ? c.json({ status: 'ok' }) : c.json({ status: 'failing', failing }, 503);
  });
  app.get('/metrics', (c) => {
    const states = new Map(models.loaded.map(({ id, engine }) => [id, engine.state()]));
    return c.text(metrics.text(states), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
  });
  for (const path of Object.keys(ENDPOINTS)) app.all(path, (c) => notAllowed(c, 'POST'));
  for (const path of PAGES) app.all(path, (c) => notAllowed(c, 'GET'));

  app.notFound((c) =>
    respond(c, new ApiError(404, `Invalid URL (${c.req.method} ${c.req.path})`, { code: 'unknown_url' })),
  );
  app.onError((error, c) => {
    onDefect(error);
    return respond(c, toApiError(error));
  });
  return app;
}

const respond = (c: Context, { status, body, details: { headers = {} } }: ApiError): Response =>
  c.newResponse(JSON.stringify(body), {
    status: status as 400,
    headers: { 'Content-Type': 'application/json', ...headers },
  });

/** What a request was for, of few values. */
function pathOf({ req }: Context): string {
  if (req.path.startsWith('/v1/models/')) return '/v1/models/:id';
  return [...Object.keys(ENDPOINTS), ...PAGES].find((path) => path === req.path) ?? 'other';
}

/** @throws ApiError for a request without the key */
function checkKey({ req }: Context, apiKey: string): void {
  const [, given = ''] = /^Bearer (.*)$/i.exec(req.header('Authorization') ?? '') ?? [];
  // Digests have one length, and are compared in a time that tells nothing.
  if (timingSafeEqual(digestOf(given), digestOf(apiKey))) return;
  throw new ApiError(
    401,
    given === '' ? `You didn't provide an API key: 'Authorization: Bearer <key>'.` : 'Incorrect API key provided.',
    {
      code: 'invalid_api_key',
      headers: { 'WWW-Authenticate': 'Bearer' },
    },
  );
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

const stopping = (): ApiError =>
  new ApiError(503, 'The server is about to stop.', { type: 'server_error', headers: { Connection: 'close' } });

const notAllowed = (c: Context, method: 'GET' | 'POST'): Response =>
  respond(
    c,
    new ApiError(405, `Not allowed: ${c.req.method} ${c.req.path}. It is asked by ${method}.`, {
      code: 'method_not_allowed',
      headers: { Allow: method },
    }),
  );
