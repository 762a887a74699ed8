/** @file What the server refuses, and how it says so. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTEXT, tinyServer, type TinyServer } from './testing/tiny-server.ts';

let server: TinyServer;

beforeAll(async () => {
  server = await tinyServer({ bodyBytes: 2000, places: 8 });
});
afterAll(() => server.close());

interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

const COMPLETIONS = '/v1/completions';
const CHATS = '/v1/chat/completions';
const messages = [{ role: 'user', content: 'Hi' }];

async function errorOf(asked: Promise<Response>): Promise<ErrorBody['error'] & { status: number }> {
  const response = await asked;
  expect(response.headers.get('Content-Type')).toBe('application/json');
  const { error } = (await response.json()) as ErrorBody;
  expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code']);
  return { ...error, status: response.status };
}

describe('a field of a wrong type or value is named', () => {
  const wrong: Record<string, unknown[]> = {
    model: [1, {}],
    n: ['1', 0, 1.5, 129],
    temperature: ['hot', -1, 2.1],
    top_p: ['0.5', -0.1, 1.1],
    top_k: [1.5, 'a', -2],
    min_p: [2, 'a'],
    repetition_penalty: [0, 'a', 5e-324, 1e308],
    presence_penalty: [3, 'a'],
    frequency_penalty: [-3, []],
    logit_bias: [1, [], { a: 1 }, { 257: 1 }, { '-1': 1 }, { '01': 1 }],
    stop: [1, [1], '', [''], Array.from({ length: 17 }, (_, i) => `stop ${i}`), '\ud800'],
    seed: ['a', 1.5],
    stream: ['yes', 1],
    stream_options: ['usage', []],
    response_format: [
      'json',
      { type: 'xml' },
      { type: 'json_schema', json_schema: { schema: { type: 'object', not: {} } } },
    ],
    guided_json: [1, '{', { not: {} }],
    guided_regex: [1, '(', '(?=a)'],
    guided_choice: ['a', [], [1]],
    guided_grammar: ['root ::= "a"'],
    structured_outputs: [{ regex: 'a' }],
    thinking_token_budget: ['2', -1, 2],
    min_tokens: ['1', -1, 2],
    cache_salt: [1, ''],
    stop_token_ids: [[1]],
    ignore_eos: [true],
  };
  const ofCompletions: Record<string, unknown[]> = {
    prompt: [1, {}, [], [[]], [1.5], [-1], [257], [1, 'a'], [[1], 'a'], [[1], [257]]],
    max_tokens: ['5', -1, 1.5],
    logprobs: [true, -1, 21],
    echo: ['true'],
    suffix: [1, 'end'],
    chat_template_kwargs: [{ enable_thinking: false }],
    reasoning_effort: ['low'],
    best_of: ['2', 2],
  };
  const ofChats: Record<string, unknown[]> = {
    messages: [undefined, 'Hi', []],
    max_tokens: [0, '5'],
    max_completion_tokens: [0, 1.5],
    logprobs: [1, 'true'],
    top_logprobs: [true, 21, 5],
    reasoning_effort: ['much', 1, {}],
    chat_template_kwargs: [
      { reasoning_effort: 1 },
      'off',
      { enable_thinking: 'no' },
      { enable_thinking: true, date: 'today' },
    ],
    tools: [[{ type: 'function' }], 'none'],
    tool_choice: ['required', { type: 'function' }],
    functions: [[{ name: 'f' }], 1],
    function_call: [{ name: 'f' }],
  };
  const cases = (path: string, fields: Record<string, unknown[]>, right: object) =>
    Object.entries(fields).flatMap(([field, values]) => values.map((value) => ({ path, field, value, right })));

  test.each([
    ...cases(COMPLETIONS, { ...wrong, ...ofCompletions }, { prompt: 'a', max_tokens: 1 }),
    ...cases(CHATS, { ...wrong, ...ofChats }, { messages, max_tokens: 1 }),
  ])('$path $field $value', async ({ path, field, value, right }) => {
    const error = await errorOf(server.ask(path, { ...right, [field]: value }));
    expect(error).toMatchObject({ status: 400, type: 'invalid_request_error' });
    expect(error.param?.split(/[.[]/)[0]).toBe(field);
    expect(error.message).toContain(field);
  });

  test.each([
    [[{ role: 'user' }], 'messages[0].content'],
    [[{ content: 'Hi' }], 'messages[0].role'],
    [[{ role: 'robot', content: 'Hi' }], 'messages[0].role'],
    [[...messages, { role: 'user', content: 5 }], 'messages[1].content'],
    [[{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }], 'messages[0].content[0].type'],
    [[{ role: 'user', content: [{ type: 'text' }] }], 'messages[0].content[0].text'],
    [[{ role: 'tool', content: 'Hi' }], 'messages[0].role'],
  ])('messages %j', async (wrongMessages, param) => {
    expect(await errorOf(server.ask(CHATS, { messages: wrongMessages }))).toMatchObject({ status: 400, param });
  });

  test.each([
    [{ guided_regex: 'a', guided_json: true }, 'guided_regex'],
    [{ guided_regex: 'a{9}', min_tokens: 1 }, 'min_tokens'],
  ])('fields that do not go together are refused: %j', async (fields, param) => {
    const error = await errorOf(server.ask(COMPLETIONS, { prompt: 'a', ...fields }));
    expect(error).toMatchObject({ status: 400, param });
  });

  test('null is as if it were not there, and what nobody knows is ignored', async () => {
    const nothing = {
      model: null,
      temperature: null,
      stop: null,
      logit_bias: null,
      suffix: null,
      stream: null,
      stop_token_ids: null,
    };
    const response = await server.ask(COMPLETIONS, { prompt: 'a', max_tokens: 1, ...nothing, user: 'me', banana: [1] });
    expect(response.status).toBe(200);
  });
});

test.each([{ pattern: '(a{1,1000}){1,1000}' }, { minLength: 4000, maxLength: 5000 }])(
  'a schema that would take all others time is refused: %j',
  async (schema) => {
    const format = { type: 'json_schema', json_schema: { schema: { type: 'string', ...schema } } };
    const error = await errorOf(server.ask(CHATS, { messages, response_format: format }));
    expect(error).toMatchObject({ status: 400, param: 'response_format', code: 'invalid_value' });
    expect(error.message).toContain('at most 50000 states');
  },
);

test('forms that are nested too deeply are refused', async () => {
  const groups = `${'('.repeat(20_000)}a${')'.repeat(20_000)}`;
  const schema = `${'{"items":'.repeat(20_000)}{}${'}'.repeat(20_000)}`;
  const big = await tinyServer();
  try {
    for (const fields of [{ guided_regex: groups }, { guided_json: schema }, { guided_json: { $ref: '#/%' } }]) {
      const error = await errorOf(big.ask(COMPLETIONS, { prompt: 'a', max_tokens: 1, ...fields }));
      expect(error).toMatchObject({ status: 400, param: Object.keys(fields)[0], code: 'invalid_value' });
    }
  } finally {
    await big.close();
  }
});

test('a prompt that is too long is refused with numbers', async () => {
  const error = await errorOf(server.ask(COMPLETIONS, { prompt: 'x'.repeat(CONTEXT) }));
  expect(error).toMatchObject({ status: 400, param: 'prompt', code: 'context_length_exceeded' });
  expect(error.message).toContain(`${CONTEXT} tokens`);
  expect(error.message).toContain(`${CONTEXT + 1} tokens`);
  const chat = await errorOf(server.ask(CHATS, { messages: [{ role: 'user', content: 'x'.repeat(CONTEXT) }] }));
  expect(chat).toMatchObject({ status: 400, param: 'messages', code: 'context_length_exceeded' });
});

test('an unknown model is refused, and those that there are named', async () => {
  for (const path of [COMPLETIONS, CHATS]) {
    const error = await errorOf(server.ask(path, { model: 'huge', prompt: 'a', messages }));
    expect(error).toMatchObject({ status: 404, param: 'model', code: 'model_not_found' });
    expect(error.message).toContain('tiny, other');
  }
  expect(await errorOf(server.ask('/v1/models/huge'))).toMatchObject({ status: 404, code: 'model_not_found' });
});

test.each(['', '{', '{"prompt": "a",}', 'prompt=a', '\u0000'])(
  'a body that is no JSON is refused: %j',
  async (body) => {
    const headers = { 'Content-Type': 'application/json' };
    const error = await errorOf(server.ask(COMPLETIONS, undefined, { method: 'POST', headers, body }));
    expect(error).toMatchObject({ status: 400, code: 'invalid_json', param: null });
  },
);

test.each([null, [], 'a', 1])('a body that is no object is refused: %j', async (body) => {
  expect(await errorOf(server.ask(COMPLETIONS, body))).toMatchObject({ status: 400, param: null });
});

test('a body that does not say that it is JSON is refused, as pages of any origin may send such', async () => {
  const error = await errorOf(server.ask(COMPLETIONS, undefined, { method: 'POST', body: '{"prompt": "a"}' }));
  expect(error).toMatchObject({ status: 415 });
});

test('a body that is too large is refused, whether it says how large it is or not', async () => {
  const body = JSON.stringify({ prompt: 'a', user: 'x'.repeat(3000) });
  expect(await errorOf(server.ask(COMPLETIONS, JSON.parse(body)))).toMatchObject({ status: 413 });
  const headers = { 'Content-Type': 'application/json' };
  const streamed = { method: 'POST', headers, body: new Blob([body]).stream(), duplex: 'half' } as RequestInit;
  expect(await errorOf(server.ask(COMPLETIONS, undefined, streamed))).toMatchObject({ status: 413 });
  const small = { ...streamed, body: new Blob(['{"prompt": "ä", "max_tokens": 1}']).stream() };
  expect((await server.ask(COMPLETIONS, undefined, small)).status).toBe(200);
});

test('more texts than there are places are refused', async () => {
  expect(await errorOf(server.ask(COMPLETIONS, { prompt: 'a', n: 9 }))).toMatchObject({ status: 400, param: 'n' });
});

test.each([
  ['GET', COMPLETIONS, 'POST'],
  ['PUT', CHATS, 'POST'],
  ['POST', '/v1/models', 'GET'],
  ['DELETE', '/v1/models/tiny', 'GET'],
  ['POST', '/health', 'GET'],
])('%s %s is not allowed', async (method, path, allowed) => {
  const response = server.ask(path, undefined, { method });
  expect(await errorOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' });
  expect((await response).headers.get('Allow')).toBe(allowed);
});

test('an unknown path is not found', async () => {
  expect(await errorOf(server.ask('/v1/embeddings', {}))).toMatchObject({
    status: 404,
    message: 'Invalid URL (POST /v1/embeddings)',
  });
});
