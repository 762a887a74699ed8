import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TextModel } from '@arrowsmith/generation';
import { tinyParts, useTinyBackend } from '../../../generation/src/text/testing/tiny-model.ts';
import { type Answer, ChatSession, type ChatSettings } from './chat-session.ts';

const TEMPLATE = `{% for m in messages %}<{{ m.role[0] }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}{% if not enable_thinking %}<think></think>{% endif %}`;

const models: TextModel[] = [];
const settings: ChatSettings = { temperature: 1, maximumTokens: 6, seed: 5 };

function modelOf(contextLength: number, template?: string): TextModel {
  const chat = template === undefined ? {} : { chatTemplate: { source: template, tokens: { bos_token: '<end>' } } };
  const model = new TextModel({ ...tinyParts(contextLength), ...chat }, { blockSize: 4 });
  models.push(model);
  return model;
}

async function read({ pieces }: Answer): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}

beforeAll(() => useTinyBackend());
afterAll(async () => void (await Promise.all(models.map((model) => model.dispose()))));

describe('a story', () => {
  test('goes on behind what is typed, and reads only that anew', async () => {
    const session = new ChatSession(modelOf(96), settings);
    const first = session.say('Once upon a time');
    const text = await read(first);
    const second = session.say('She said');
    await read(second);
    expect(session.text().startsWith(`Once upon a time${text}`)).toBe(true);
    expect(second.said).toMatch(/^ ?She said$/);
    const { promptTokens, sharedTokens } = second.generation.soFar.usage;
    expect(promptTokens).toBe(1 + 16 + 6 + second.said.length);
    expect(sharedTokens).toBe(20); // in whole blocks: the last token of the answer was not read yet
  });

  test('goes on by itself at an empty line', async () => {
    const model = modelOf(96);
    const session = new ChatSession(model, { ...settings, temperature: 0 });
    const parts = [await read(session.say('abc')), await read(session.say(''))];
    const whole = await model.generate('abc', { ...settings, temperature: 0, maximumTokens: 12 }).text();
    expect(parts.join('')).toBe(whole);
  });

  test('that is longer than the context loses its beginning, and says so', async () => {
    const session = new ChatSession(modelOf(32), settings);
    const leftOut: number[] = [];
    for (let i = 0; i < 8; i++) {
      const answer = session.say('12345');
      leftOut.push(answer.leftOut);
      await read(answer);
      expect(answer.generation.soFar.usage.promptTokens).toBeLessThanOrEqual(32 - 6);
    }
    expect(leftOut.filter((count) => count > 0).length).toBeGreaterThan(1);
    expect(leftOut.slice(0, 2)).toEqual([0, 0]);
    expect(session.text().match(/12345/g)?.length).toBe(8);
  });

  test('that the model has ended is followed by another', async () => {
    const ends = { '256': 100 };
    const session = new ChatSession(modelOf(96), settings);
    await read(session.say('abc'));
    session.settings = { ...settings, logitBias: ends };
    await read(session.say('def'));
    const next = session.say('ghi');
    expect(next.said).toBe('ghi');
    await read(next);
    expect(next.generation.soFar.usage.promptTokens).toBe(4);
  });

  test('reads no system message', () => {
    expect(() => new ChatSession(modelOf(32), settings, { system: 'Be kind.' })).toThrow('no chat template');
  });
});

describe('a conversation by a template', () => {
  test('gives the model all messages, and reads only the new ones', async () => {
    const model = modelOf(96, TEMPLATE);
    const session = new ChatSession(model, settings, { system: 'Be kind.' });
    const answer = await read(session.say('Hi'));
    const second = session.say('So?');
    await read(second);
    const prompt = `<s>Be kind.<u>Hi<a>${answer}<u>So?<a>`;
    const { promptTokens, sharedTokens } = second.generation.soFar.usage;
    expect(promptTokens).toBe(model.encode(prompt, { allowSpecial: true }).length);
    expect(sharedTokens).toBeGreaterThanOrEqual(16);
    expect(session.text()).toContain(`user: Hi\n\nassistant: ${answer}\n\nuser: So?`);
  });

  test('leaves out the oldest turns where they do not fit, and keeps the system message', async () => {
    const session = new ChatSession(modelOf(48, TEMPLATE), { ...settings, maximumTokens: 4 }, { system: 'Be.' });
    const leftOut: number[] = [];
    for (const line of ['one', 'two', 'three', 'four', 'five']) {
      const answer = session.say(line);
      leftOut.push(answer.leftOut);
      await read(answer);
    }
    expect(leftOut[0]).toBe(0);
    expect(leftOut.some((count) => count > 0)).toBe(true);
    expect(session.text().match(/user: /g)).toHaveLength(5);
    expect(() => session.say('x'.repeat(60))).toThrow('longer than the model’s context');
    expect(session.turns).toHaveLength(5);
  });

  test('is without thoughts where they are off', async () => {
    const model = modelOf(96, TEMPLATE);
    const session = new ChatSession(model, { ...settings, thinking: 'off' });
    const answer = session.say('Hi');
    await read(answer);
    const { promptTokens, outputTokens } = answer.generation.soFar.usage;
    expect(promptTokens).toBe('<u>Hi<a>'.length + 2);
    expect(outputTokens).toBeGreaterThan(0);
    expect(answer.generation.soFar.tokens).not.toContain(257);
  });

  test('names a template that is none, and messages that it refuses', () => {
    expect(() => new ChatSession(modelOf(32, '{% for %}'))).toThrow('not understood');
    const refusing = new ChatSession(modelOf(32, `{{ raise_exception('no users') }}`));
    expect(() => refusing.say('Hi')).toThrow('no users');
    expect(refusing.turns).toHaveLength(0);
  });
});

describe('a conversation by another template', () => {
  test('of a file may name what texts begin and end with', async () => {
    const source = '{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}';
    const session = new ChatSession(modelOf(96), settings, { template: { source, tokens: {} } });
    expect(session.isStory).toBe(false);
    const answer = session.say('Hi');
    await read(answer);
    expect(answer.generation.soFar.usage.promptTokens).toBe(1 + 2 + 1);
  });

  test('is role: content where it is plain, behind the token that texts begin with, and ends where another turn begins', async () => {
    const model = modelOf(96);
    const session = new ChatSession(model, settings, { system: 'Be.', template: 'plain' });
    const answer = session.say('Hi');
    const text = await read(answer);
    const prompt = 'system: Be.\n\nuser: Hi\n\nassistant:';
    expect(answer.generation.soFar.usage.promptTokens).toBe(1 + prompt.length);
    expect(text).toBe(await model.generate(prompt, settings).text());
    session.settings = { ...settings, maximumTokens: 20, regularExpression: 'abc\\n\\nuser: def' };
    expect(await read(session.say('So?'))).toBe('abc');
    expect(session.text()).toContain('user: So?\n\nassistant: abc');
  });
});

test('an answer that fails leaves nothing of its turn', async () => {
  const parts = tinyParts(96);
  const push = (): string => {
    throw new Error('no text');
  };
  const encoder = { ...parts.encoder, decodeStream: () => ({ push, flush: () => '' }) };
  const broken = new TextModel({ ...parts, encoder });
  models.push(broken);
  const session = new ChatSession(broken, settings);
  await expect(read(session.say('abc'))).rejects.toThrow('no text');
  expect(session.turns).toEqual([]);
  expect(session.text()).toBe('');
});

test('what is taken back was never said, and another answer is given', async () => {
  const session = new ChatSession(modelOf(96), settings);
  const first = await read(session.say('abc'));
  expect(session.undo()).toBe(true);
  const other = await read(session.say('abc'));
  expect(other).not.toBe(first);
  expect(session.turns).toHaveLength(1);
  session.reset();
  expect(session.undo()).toBe(false);
  expect(session.text()).toBe('');
});

test('an answer that a signal stops is remembered as far as it came', async () => {
  const session = new ChatSession(modelOf(96), { ...settings, maximumTokens: 60 });
  const controller = new AbortController();
  const answer = session.say('abc', controller.signal);
  const reading = (async () => {
    for await (const _ of answer.pieces) controller.abort(new Error('aborted'));
  })();
  await expect(reading).rejects.toThrow('aborted');
  expect(session.turns[0]?.answer).not.toBe('');
  expect(session.turns[0]?.tokens.length).toBeLessThan(60);
});
