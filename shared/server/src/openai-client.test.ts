/** @file The server as the official client of OpenAI sees it. */
import OpenAI, { APIError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTEXT, END, tinyServer, type TinyServer } from './testing/tiny-server.ts';

let server: TinyServer;
let openai: OpenAI;

beforeAll(async () => {
  server = await tinyServer({}, { blockSize: 4 });
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server.close());

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** Never ends by itself. */
const endless = { logit_bias: { [END]: -100 } };
const messages = [{ role: 'user' as const, content: 'Hi' }];

describe('completions', () => {
  const asked = { model: 'tiny', prompt: 'Once', max_tokens: 12, seed: 7, ...endless };

  test('the same seed gives the same text, whole and streamed', async () => {
    const whole = await openai.completions.create(asked);
    expect(whole).toMatchObject({
      object: 'text_completion',
      model: 'tiny',
      choices: [{ index: 0, finish_reason: 'length', logprobs: null }],
    });
    expect(whole.id).toMatch(/^cmpl-\w+$/);
    expect(whole.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 12, total_tokens: 17 });
    const chunks = await collect(
      await openai.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } }),
    );
    expect(chunks.map(({ choices: [choice] }) => choice?.text ?? '').join('')).toBe(whole.choices[0]?.text);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('length');
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { completion_tokens: 12, prompt_tokens_details: { cached_tokens: 4 } },
    });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  test('prompts are texts or tokens, one or many, and each may have several texts', async () => {
    const text = await openai.completions.create({ ...asked, prompt: ['Once', 'upon'], n: 2 });
    const ids = ['Once', 'upon'].map((prompt) => [END, ...Buffer.from(prompt)]);
    const tokens = await openai.completions.create({ ...asked, prompt: ids, n: 2 });
    expect(text.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(tokens.choices.map((each) => each.text)).toEqual(text.choices.map((each) => each.text));
    expect(new Set(text.choices.map((each) => each.text)).size).toBe(4);
    expect(text.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 48 });
    const [one] = (await openai.completions.create({ ...asked, prompt: ids[0]! })).choices;
    expect(one?.text).toBe(text.choices[0]?.text);
  });

  test('a text ends before a stop string, also where it is streamed', async () => {
    const {
      choices: [free],
    } = await openai.completions.create({ ...asked, max_tokens: 40 });
    const stop = free!.text.slice(5, 8);
    const expected = free!.text.slice(0, free!.text.indexOf(stop));
    const whole = await openai.completions.create({ ...asked, max_tokens: 40, stop });
    expect(whole.choices[0]).toMatchObject({ text: expected, finish_reason: 'stop' });
    const chunks = await collect(
      await openai.completions.create({ ...asked, max_tokens: 40, stop: ['never there', stop], stream: true }),
    );
    expect(chunks.map(({ choices: [choice] }) => choice?.text).join('')).toBe(expected);
  });

  test('the model ends a text, and its end is told among the log-probabilities alone', async () => {
    const {
      choices: [choice],
    } = await openai.completions.create({ ...asked, logit_bias: { [END]: 100 }, logprobs: 2 });
    expect(choice).toMatchObject({
      text: '',
      finish_reason: 'stop',
      logprobs: { tokens: ['<end>'], text_offset: [0] },
    });
  });

  test('log-probabilities of a prompt alone are those of prompt and text', async () => {
    const asks = { ...asked, prompt: 'Öl', echo: true, logprobs: 3, temperature: 0 };
    const alone = (await openai.completions.create({ ...asks, max_tokens: 0 })).choices[0]!;
    const both = (await openai.completions.create({ ...asks, max_tokens: 4 })).choices[0]!;
    expect(alone.text).toBe('Öl');
    expect(both.text.startsWith('Öl')).toBe(true);
    expect(alone.logprobs?.tokens).toEqual(['bytes:\\xc3', 'bytes:\\x96', 'l']);
    expect(alone.logprobs?.text_offset).toEqual([0, 0, 1]);
    expect(both.logprobs?.tokens).toHaveLength(7);
    expect(both.logprobs?.token_logprobs?.slice(0, 3)).toEqual(alone.logprobs?.token_logprobs);
    expect(both.logprobs?.top_logprobs?.slice(3).map((top) => Math.max(...Object.values(top)))).toEqual(
      both.logprobs?.token_logprobs?.slice(3),
    );
  });

  test('nothing precedes the first of given tokens', async () => {
    const {
      choices: [choice],
    } = await openai.completions.create({ ...asked, prompt: [72, 105], echo: true, logprobs: 1, max_tokens: 1 });
    expect(choice?.logprobs?.token_logprobs?.[0]).toBeNull();
    expect(choice?.logprobs?.top_logprobs?.[0]).toBeNull();
    expect(choice?.logprobs?.token_logprobs).toHaveLength(3);
  });

  test('a text ends where the context is full', async () => {
    const {
      choices: [choice],
      usage,
    } = await openai.completions.create({ ...asked, max_tokens: 1000 });
    expect(choice?.finish_reason).toBe('length');
    expect(usage?.total_tokens).toBe(CONTEXT + 1); // the last token is not read again
  });
});

describe('chats', () => {
  const asked = { model: 'tiny', messages, max_completion_tokens: 10, seed: 3, ...endless };

  test('the same seed gives the same answer, whole and streamed', async () => {
    const whole = await openai.chat.completions.create({ ...asked, logprobs: true, top_logprobs: 2 });
    const [choice] = whole.choices;
    expect(whole.object).toBe('chat.completion');
    expect(choice).toMatchObject({ index: 0, finish_reason: 'length', message: { role: 'assistant', refusal: null } });
    expect(choice?.logprobs?.content).toHaveLength(10);
    const bytes = choice?.logprobs?.content?.flatMap((token) => token.bytes ?? []) ?? [];
    expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(choice?.message.content);
    expect(choice?.logprobs?.content?.every((token) => token.top_logprobs.length === 2)).toBe(true);
    const stream = openai.chat.completions.stream({
      ...asked,
      logprobs: true,
      top_logprobs: 2,
      stream_options: { include_usage: true },
    });
    const streamed = await stream.finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe(choice?.message.content);
    expect(streamed.choices[0]?.logprobs?.content).toEqual(choice?.logprobs?.content);
    expect(streamed.usage).toMatchObject({ completion_tokens: 10 });
  });

  test('parts of text are one text', async () => {
    const plain = await openai.chat.completions.create(asked);
    const parts = await openai.chat.completions.create({
      ...asked,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'H' },
            { type: 'text', text: 'i' },
          ],
        },
      ],
    });
    expect(parts.choices[0]?.message.content).toBe(plain.choices[0]?.message.content);
  });

  test('an answer follows a schema', async () => {
    const schema = {
      type: 'object',
      properties: { ok: { type: 'boolean' }, kind: { enum: ['a', 'b'] } },
      required: ['ok', 'kind'],
      additionalProperties: false,
    };
    for (let seed = 0; seed < 5; seed++) {
      const {
        choices: [choice],
      } = await openai.chat.completions.create({
        model: 'tiny',
        messages,
        seed,
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      });
      expect(JSON.parse(choice!.message.content!)).toEqual({
        ok: expect.any(Boolean),
        kind: expect.stringMatching(/^[ab]$/),
      });
      expect(choice?.finish_reason).toBe('stop');
    }
  });

  test('an answer is a JSON object', async () => {
    const {
      choices: [choice],
    } = await openai.chat.completions.create({
      model: 'tiny',
      messages,
      max_tokens: 40,
      temperature: 0,
      logit_bias: { [Buffer.from('}')[0]!]: 50 },
      response_format: { type: 'json_object' },
    });
    expect(JSON.parse(choice!.message.content!)).toEqual({});
  });
});

test('models are listed, the default one first', async () => {
  const { data } = await openai.models.list();
  expect(data.map(({ id }) => id)).toEqual(['tiny', 'other']);
  expect(data[0]).toEqual({ id: 'tiny', object: 'model', created: 1_700_000_000, owned_by: 'arrowsmith' });
  expect(await openai.models.retrieve('other')).toMatchObject({ id: 'other' });
  expect((await openai.completions.create({ model: 'other', prompt: 'a', max_tokens: 1 })).model).toBe('other');
});

test('errors are those that the client knows', async () => {
  const unknown = openai.completions.create({ model: 'huge', prompt: 'a' });
  await expect(unknown).rejects.toThrow(NotFoundError);
  await expect(unknown).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
  await expect(unknown).rejects.toThrow('tiny, other');
  await expect(openai.completions.create({ model: 'tiny', prompt: 'a', max_tokens: -1 })).rejects.toThrow(APIError);
});

test('who stops reading a stream gives its memory back', async () => {
  for await (const _ of await openai.completions.create({
    model: 'tiny',
    prompt: 'a',
    max_tokens: 60,
    stream: true,
    ...endless,
  }))
    break;
  await expect.poll(() => server.model.engine.state()).toMatchObject({ running: 0, waiting: 0, memory: { held: 0 } });
});
