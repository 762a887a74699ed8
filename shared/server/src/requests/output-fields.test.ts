/** @file What requests ask of the form, the length and the thoughts of their texts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { plainTemplate } from '../chat-template.ts';
import { END, tinyServer, type TinyServer } from '../testing/tiny-server.ts';

/** Bytes that stand for tags. */
const [THINK, DONE] = [1, 2];

let server: TinyServer;
let thinker: TinyServer;
/** What the thinker's template was told, and what it names. */
const told: unknown[] = [];
const names = new Set<string>();
beforeEach(() => {
  told.length = 0;
  names.clear();
});
beforeAll(async () => {
  server = await tinyServer({}, { blockSize: 4 });
  const render = (_: unknown, options: unknown) => (told.push(options), 'Hi');
  const chatTemplate = { ...plainTemplate, render, stop: [], names };
  thinker = await tinyServer({}, {}, { chatTemplate, thinkingTags: { start: THINK, end: DONE } });
});
afterAll(() => Promise.all([server.close(), thinker.close()]));

const COMPLETIONS = '/v1/completions';
const CHATS = '/v1/chat/completions';
const messages = [{ role: 'user', content: 'Hi' }];

interface Answer {
  choices: { text?: string; message?: { content: string }; finish_reason: string }[];
  usage: { completion_tokens: number; prompt_tokens_details: { cached_tokens: number } };
}

async function answerOf({ ask }: TinyServer, path: string, fields: object): Promise<Answer> {
  const response = await ask(path, path === CHATS ? { messages, ...fields } : { prompt: 'Once', ...fields });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

const textOf = ({ choices: [choice] }: Answer): string => choice?.text ?? choice?.message?.content ?? '';

describe.each([COMPLETIONS, CHATS])('%s: texts have the form that is asked for', (path) => {
  test.each([
    [{ guided_regex: '[0-9]{3}-(a|b)' }, /^\d{3}-[ab]$/],
    [{ guided_choice: ['1+1', 'a.b|c'] }, /^(1\+1|a\.b\|c)$/],
    [{ guided_json: { enum: [true, 'yes'] } }, /^(true|"yes")$/],
    [{ guided_json: '{"const": [1]}' }, /^\[1\]$/],
    [{ response_format: { type: 'json_schema', json_schema: { schema: { enum: [3, 4] } } } }, /^[34]$/],
  ])('%j', async (fields, form) => {
    for (let seed = 0; seed < 3; seed++) {
      const answer = await answerOf(server, path, { ...fields, seed, max_tokens: 20 });
      expect(textOf(answer)).toMatch(form);
      expect(answer.choices[0]?.finish_reason).toBe('stop');
    }
  });
});

test('a text does not end before the tokens that it has at least, neither by the model nor by a stop string', async () => {
  const ends = { logit_bias: { [END]: 100 }, max_tokens: 9 };
  expect((await answerOf(server, COMPLETIONS, ends)).usage.completion_tokens).toBe(0);
  expect((await answerOf(server, COMPLETIONS, { ...ends, min_tokens: 5 })).usage.completion_tokens).toBe(5);
  const stops = { logit_bias: { 97: 100 }, max_tokens: 9, stop: 'a', min_tokens: 5 };
  expect(textOf(await answerOf(server, COMPLETIONS, stops))).toBe('aaaaa');
});

test('what was computed of a prompt is used by requests with the same salt alone', async () => {
  const cached = async (salt?: string) => {
    const fields = {
      prompt: 'a prompt of some blocks',
      max_tokens: 1,
      ...(salt === undefined ? {} : { cache_salt: salt }),
    };
    return (await answerOf(server, COMPLETIONS, fields)).usage.prompt_tokens_details.cached_tokens;
  };
  expect(await cached('mine')).toBe(0);
  expect(await cached('mine')).toBeGreaterThan(0);
  expect(await cached('yours')).toBe(0);
  expect(await cached()).toBe(0);
});

describe('thoughts', () => {
  const thinks = { logit_bias: { [THINK]: 50, 97: 40, [END]: -100 }, temperature: 0 };
  const thought = String.fromCharCode(THINK);
  const end = String.fromCharCode(DONE);

  /** Thoughts that the prompt has begun, whose likeliest token is a. */
  const begun = { ...thinks, prompt: `a${thought}`, logit_bias: { 97: 40, [END]: -100 }, max_tokens: 8 };

  test('have as many tokens as is asked for at most', async () => {
    const answer = await answerOf(thinker, COMPLETIONS, { ...begun, thinking_token_budget: 2 });
    expect(textOf(answer)).toBe(`aa\n${end}aaaa`);
  });

  test('that are begun again and again have as many in all', async () => {
    // The likeliest tokens are the tag, and a where no thought may begin.
    const again = { ...thinks, thinking_token_budget: 2, max_tokens: 8 };
    expect(textOf(await answerOf(thinker, COMPLETIONS, again))).toBe(`${thought.repeat(3)}\n${end}aaa`);
    expect(textOf(await answerOf(thinker, CHATS, again))).toBe(`${thought.repeat(3)}\n${end}aaa`);
  });

  test('are free where an answer has a form', async () => {
    const answer = await answerOf(thinker, COMPLETIONS, {
      ...begun,
      logit_bias: { 97: 40 },
      guided_regex: '[01]',
      thinking_token_budget: 1,
    });
    expect([`a\n${end}0`, `a\n${end}1`]).toContain(textOf(answer));
  });

  test('are turned off for the template and for the text', async () => {
    expect(textOf(await answerOf(thinker, CHATS, { ...thinks, max_tokens: 2 }))).toBe(thought.repeat(2));
    const off = { ...thinks, max_tokens: 2, chat_template_kwargs: { enable_thinking: false } };
    expect(textOf(await answerOf(thinker, CHATS, off))).toBe('aa');
    await answerOf(thinker, CHATS, { ...off, chat_template_kwargs: { enable_thinking: true } });
    expect(told).toEqual([{}, { thinks: false }, { thinks: true }]);
  });

  test('are turned off by reasoning_effort none, and on by any other', async () => {
    const asked = { ...thinks, max_tokens: 2 };
    expect(textOf(await answerOf(thinker, CHATS, { ...asked, reasoning_effort: 'none' }))).toBe('aa');
    for (const effort of ['minimal', 'max']) {
      expect(textOf(await answerOf(thinker, CHATS, { ...asked, reasoning_effort: effort }))).toBe(thought.repeat(2));
    }
    expect(told).toEqual([{ thinks: false }, { thinks: true }, { thinks: true }]);
  });

  test('are as much as reasoning_effort says, where the template knows it; what the template itself is told counts more', async () => {
    names.add('reasoning_effort');
    const asked = { ...thinks, max_tokens: 2 };
    await answerOf(thinker, CHATS, { ...asked, reasoning_effort: 'high' });
    await answerOf(thinker, CHATS, { ...asked, chat_template_kwargs: { reasoning_effort: 'very low' } });
    const both = { reasoning_effort: 'none', chat_template_kwargs: { enable_thinking: true, reasoning_effort: 'low' } };
    expect(textOf(await answerOf(thinker, CHATS, { ...asked, ...both }))).toBe(thought.repeat(2));
    await answerOf(thinker, CHATS, {
      ...asked,
      reasoning_effort: null,
      chat_template_kwargs: { enable_thinking: null },
    });
    expect(told).toEqual([
      { thinks: true, effort: 'high' },
      { effort: 'very low' },
      { thinks: true, effort: 'low' },
      {},
    ]);
  });

  test('are none in a model that has none: it answers where it is told so, and refuses where it is asked for some', async () => {
    expect(textOf(await answerOf(server, CHATS, { max_tokens: 1, reasoning_effort: 'none' }))).not.toBe(undefined);
    for (const fields of [{ reasoning_effort: 'low' }, { chat_template_kwargs: { reasoning_effort: 'low' } }]) {
      const response = await server.ask(CHATS, { messages, max_tokens: 1, ...fields });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: 'unsupported_parameter' } });
    }
  });
});
