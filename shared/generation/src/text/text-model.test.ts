import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import { forward, logits } from '@arrowsmith/model';
import { tokenLogProbabilities } from '../sampling/index.ts';
import { END, tinyParts } from './testing/tiny-model.ts';
import type { TextGeneration, TextResult } from './text-generation.ts';
import { TextModel, type TextModelParts } from './text-model.ts';
import type { TextOptions } from './text-options.ts';

let parts: TextModelParts;
let model: TextModel;

beforeAll(async () => {
  await useBackend('cpu');
  parts = tinyParts();
  model = new TextModel(parts, { blockSize: 4 });
});
afterAll(() => model.dispose());

const options: TextOptions = { temperature: 1, maximumTokens: 10_000, seed: 2 };

async function piecesOf(generation: TextGeneration): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of generation) pieces.push(piece);
  return pieces;
}

const write = (prompt: string, changes: TextOptions = {}): Promise<TextResult> =>
  model.generate(prompt, { ...options, ...changes }).result();

describe('a text', () => {
  test('comes in pieces of whole characters until the context is full', async () => {
    const generation = model.generate('é', options);
    const pieces = await piecesOf(generation);
    const { text, tokens, finishReason, usage } = await generation.result();
    expect(pieces.every((piece) => piece !== '')).toBe(true);
    expect(pieces.join('')).toBe(text);
    expect(text).toBe(model.decode(tokens));
    expect(finishReason).toBe('context');
    expect(usage).toMatchObject({ promptTokens: 3, cutTokens: 0, outputTokens: 24 - 3 + 1 }); // the last token is not read again
    expect(usage.lastAt).toBeGreaterThanOrEqual(usage.firstAt ?? NaN);
  });

  test('stands behind the token that texts begin with, and is not ended by it', async () => {
    const begun = new TextModel({ ...parts, beginOfText: 7 }, { blockSize: 4 });
    const ids = [7, ...model.encode('abc')];
    const long = { ...options, logitBias: { 7: 5 } };
    const { tokens } = await model.generate(ids, long).result();
    expect(tokens).toContain(7);
    expect(await begun.generate('abc', long).result()).toMatchObject({ tokens, usage: { promptTokens: 4 } });
    const scores = await begun.logProbabilities('abc');
    expect(scores).toHaveLength(3);
    expect(scores[0]?.logProbability).not.toBe((await model.logProbabilities('abc'))[0]?.logProbability);
  });

  test('can be read again, and by several', async () => {
    const generation = model.generate('a', { ...options, maximumTokens: 6 });
    const [one, other] = await Promise.all([piecesOf(generation), piecesOf(generation)]);
    expect(other).toEqual(one);
    expect((await piecesOf(generation)).join('')).toBe(await generation.text());
  });

  test('has as many tokens as asked for, and no more', async () => {
    expect(await write('a', { maximumTokens: 3 })).toMatchObject({ tokens: { length: 3 }, finishReason: 'length' });
  });

  test('follows the end of a prompt that is longer than the context', async () => {
    const { usage } = await write('x'.repeat(50), { maximumTokens: 2 });
    expect(usage).toMatchObject({ promptTokens: 22, cutTokens: 28 });
  });

  test('is ended by the model, whose end is not shown', async () => {
    const ends = new Set<string | undefined>();
    for (let seed = 1; seed <= 12; seed++) {
      const { finishReason, text } = await write('', { seed, logitBias: { [END]: 2 } });
      ends.add(finishReason);
      expect(text).not.toContain('<end>');
    }
    expect([...ends].sort()).toEqual(['context', 'model']);
  });

  test('ends before a stop string, and says which', async () => {
    const { text } = await write('a');
    const stop = text.slice(4, 6);
    const stopped = await write('a', { stop: [stop] });
    expect(stopped).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finishReason: 'stop', stopString: stop });
  });

  test('follows a regular expression, and a JSON schema', async () => {
    expect((await write('a', { regularExpression: '[a-c]{3}-[0-9]{2}' })).text).toMatch(/^[a-c]{3}-[0-9]{2}$/);
    const { text } = await write('a', { jsonSchema: { enum: ['fox', 'bear'] } });
    expect(['fox', 'bear']).toContain(JSON.parse(text));
  });

  test('thinks no longer than it may', async () => {
    const { tokens } = await model.generate([END, 97, END + 1], { ...options, thinkingTokens: 2 }).result();
    const closed = tokens.indexOf(END + 2);
    const thoughts = tokens.slice(0, closed); // tags that begin them again are some
    expect(thoughts).toHaveLength(3);
    expect(thoughts.at(-1)).toBe(10); // a line break before the tag
    expect(tokens.slice(closed)).not.toContain(END + 1);
  });

  test('has log-probabilities where they are asked for', async () => {
    const { logProbabilities, tokens } = await write('a', { maximumTokens: 4, logProbabilities: 2 });
    expect(logProbabilities.map(({ id }) => id)).toEqual(tokens);
    expect(logProbabilities.every(({ top }) => top.length === 2)).toBe(true);
  });
});

describe('a text that nobody wants any more', () => {
  test('ends between two tokens when a signal says so, and leaves no tensor behind', async () => {
    const own = tinyParts();
    const before = tf.memory().numTensors;
    const once = new TextModel(own);
    const controller = new AbortController();
    const generation = once.generate('a', { ...options, signal: controller.signal });
    const reading = (async () => {
      for await (const _ of generation) controller.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
    await expect(generation.result()).rejects.toThrow('enough');
    expect(generation.soFar.tokens.length).toBeLessThan(22);
    expect(generation.soFar.finishReason).toBeUndefined();
    await once[Symbol.asyncDispose]();
    expect(tf.memory().numTensors).toBe(before - Object.keys(own.model.parameters).length);
  });

  test('ends when the model is disposed of, begun or not', async () => {
    const once = new TextModel(tinyParts());
    const texts = [once.generate('a', options), once.generate('b', options)];
    await texts[0]?.begun;
    texts.push(once.generate('c', options));
    await once.dispose();
    await once.dispose();
    for (const each of texts) await expect(each.result()).rejects.toThrow('disposed of');
    await expect(once.generate('d').text()).rejects.toThrow('disposed of');
  });

  test('ends when its reader leaves, and says what there was', async () => {
    const generation = model.generate('a', options);
    for await (const _ of generation) break;
    const { finishReason, tokens } = await generation.result();
    expect(finishReason).toBe('cancelled');
    expect(tokens.length).toBeLessThan(22);
    expect(model.state()).toMatchObject({ running: 0, waiting: 0 });
  });
});

test('samples are texts of their own, the first that of one alone, and compute their prompt once', async () => {
  const samples = model.samples('abcdefgh', 3, { ...options, maximumTokens: 8 });
  const results = await Promise.all(samples.map((each) => each.result()));
  expect(results[0]?.text).toBe((await write('abcdefgh', { maximumTokens: 8 })).text);
  expect(new Set(results.map(({ text }) => text)).size).toBe(3);
  expect(results.slice(1).map(({ usage }) => usage.sharedTokens)).toEqual([8, 8]);
});

describe('the likeliest continuations', () => {
  test('are found by beams: of one, the most likely tokens', async () => {
    const greedy = await model.generate('abc', { temperature: 0, maximumTokens: 6, logProbabilities: 0 }).result();
    const [one] = await model.beams('abc', { beams: 1, maximumTokens: 6 });
    expect(one).toMatchObject({ text: greedy.text, tokens: greedy.tokens, finishReason: 'length' });
    const sum = greedy.logProbabilities.reduce((all, { logProbability }) => all + logProbability, 0);
    expect(one?.logProbability).toBeCloseTo(sum, 4);
    expect(one?.score).toBeCloseTo(sum / 6, 4);
    const several = await model.beams('abc', { beams: 4, maximumTokens: 6, lengthPenalty: 0 });
    expect(several.map(({ score }) => score)).toEqual(several.map(({ score }) => score).toSorted((a, b) => b - a));
    expect(several[0]?.score).toBeGreaterThanOrEqual(sum - 1e-4);
    expect(several.every(({ text, tokens }) => text === model.decode(tokens))).toBe(true);
  });

  test('end where the context does, and with the model', async () => {
    expect(
      (await model.beams('abc', { beams: 2, maximumTokens: 1000, earlyStopping: true }))[0]?.tokens.length,
    ).toBeLessThan(22);
    const once = new TextModel(tinyParts());
    const search = once.beams('abc', { maximumTokens: 20 });
    await once.dispose();
    await expect(search).rejects.toThrow('disposed of');
  });

  test('are not searched with what cannot be', async () => {
    await expect(model.beams('a', { beams: 0 })).rejects.toThrow(/beams: /);
    await expect(model.beams('a', { maximumTokens: 1.5 })).rejects.toThrow(UserError);
    await expect(model.beams('a', { temperature: 1 } as object)).rejects.toThrow(/unknown option temperature/);
    await expect(model.beams(Array.from({ length: 25 }, () => 1))).rejects.toThrow(/at most 24/);
    await expect(model.beams([])).rejects.toThrow(/prompt is empty/);
  });
});

describe('what a model thinks of a text', () => {
  /** By the forward pass of training. */
  function expected(ids: readonly number[]): number[] {
    const { config, parameters } = parts.model;
    return tf.tidy(() => {
      const rows = logits(
        config,
        parameters,
        forward(config, parameters, tf.tensor2d([...ids], [1, ids.length], 'int32')),
      );
      const values = rows.dataSync<'float32'>();
      const of = (i: number) => values.slice(i * config.vocabularySize, (i + 1) * config.vocabularySize);
      return ids.slice(1).map((id, i) => tokenLogProbabilities(of(i), id).logProbability);
    });
  }

  test('is the log-probability of each token, also when it is asked twice', async () => {
    const text = 'hello, world';
    const wanted = expected([END, ...model.encode(text)]);
    for (let time = 0; time < 2; time++) {
      const scores = await model.logProbabilities(text, { top: 1 });
      expect(scores.map(({ id }) => id)).toEqual(model.encode(text));
      scores.forEach(({ logProbability }, i) => expect(logProbability).toBeCloseTo(wanted[i] ?? NaN, 4));
    }
    const mean = wanted.reduce((sum, each) => sum + each, 0) / wanted.length;
    expect(await model.perplexity(text)).toBeCloseTo(Math.exp(-mean), 2);
  });

  test('is known of every token of a text that is longer than the context', async () => {
    const text = 'The context has room for twenty-four tokens, and this text has more.';
    const scores = await model.logProbabilities(text);
    expect(model.decode(scores.map(({ id }) => id))).toBe(text);
    const ids = [END, ...model.encode(text)];
    const second = expected(ids.slice(12, 36)).slice(11); // those that the first window does not have
    second.forEach((each, i) => expect(scores[23 + i]?.logProbability).toBeCloseTo(each, 4));
  });

  test('cannot be said of nothing', async () => {
    await expect(model.perplexity('')).rejects.toThrow(UserError);
    expect(await model.logProbabilities('')).toEqual([]);
  });
});

test.each<[string, TextOptions, string]>([
  ['a value out of range', { topP: 2 }, 'topP'],
  ['an unknown option', { temprature: 1 } as TextOptions, 'temprature'],
  ['two forms at once', { jsonSchema: true, regularExpression: 'a' }, 'both'],
  ['a part of a token', { logProbabilities: 1.5 }, 'logProbabilities'],
  ['a signal that is none', { signal: 'now' as unknown as AbortSignal }, 'signal: an AbortSignal'],
  ['a regular expression of the language', { regularExpression: /a/ as unknown as string }, 'regularExpression'],
  ['nothing', null as unknown as TextOptions, 'an object'],
])('options are refused: %s', (_, wrong, message) => {
  expect(() => model.generate('a', wrong)).toThrow(UserError);
  expect(() => model.generate('a', wrong)).toThrow(message);
});

test.each([undefined, null, 7, { text: 'a' }])('what is no text is no prompt: %s', async (prompt) => {
  expect(() => model.generate(prompt as unknown as string)).toThrow(/no prompt[^]*a string, or an array of token ids/);
  expect(() => model.samples(prompt as unknown as string, 2)).toThrow(UserError);
  await expect(model.perplexity(prompt as unknown as string)).rejects.toThrow(/no text/);
});

test.each<[string, object, RegExp]>([
  ['no sequence', { sequences: 0 }, /engine\.sequences: [^]*found: +0/],
  ['passes without tokens', { passTokens: -1 }, /engine\.passTokens[^]*found: +-1/],
  ['blocks without tokens', { blockSize: 0 }, /engine\.blockSize/],
  ['a half context', { contexts: 0.5 }, /engine\.contexts/],
  ['no number', { contextLength: NaN }, /engine\.contextLength[^]*found: +NaN/],
  ['a cache that there is not', { cache: 'foo' }, /engine\.cache: [^]*contiguous[^]*"foo"/],
  ['a precision that there is not', { cachePrecision: 'bf16' }, /engine\.cachePrecision/],
  ['a way to give memory back that there is not', { preemption: 'x' }, /engine\.preemption/],
  ['a misspelt one', { blocksize: 4 }, /unknown option engine\.blocksize[^]*did you mean blockSize/],
  ['drafts by nobody', { drafts: { by: 'somebody' } }, /engine\.drafts\.by/],
])('options of the engine are refused: %s', (_, wrong, message) => {
  expect(() => new TextModel(parts, wrong)).toThrow(UserError);
  expect(() => new TextModel(parts, wrong)).toThrow(message);
});
