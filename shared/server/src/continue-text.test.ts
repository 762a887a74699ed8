/** @file Texts from one prompt, without a network. */
import { generationParameters } from '@arrowsmith/generation';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { continueText, type TextEvent, type TextRequest } from './continue-text.ts';
import { promptOf, type ServedModel } from './served-model.ts';
import { END, tinyModel } from './testing/tiny-server.ts';

const SAMPLES = 3;

let model: ServedModel;
beforeAll(async () => {
  model = await tinyModel({ blockSize: 64 }); // so that no block of the prompt is full, and found by its content
});
afterAll(() => model.engine.dispose());

const parameters = generationParameters.parse({
  temperature: 1,
  seed: 5,
  maximumTokens: 8,
  logitBias: { [END]: -100 },
});
const request = (more: Partial<TextRequest> = {}): TextRequest => ({
  prompt: promptOf(model, 'Once upon', 'prompt'),
  parameters,
  ...more,
});
const meter = { token: () => undefined };

async function eventsOf(events: AsyncIterable<TextEvent>): Promise<TextEvent[]> {
  const told: TextEvent[] = [];
  for await (const event of events) told.push(event);
  return told;
}

const idsOf = (events: readonly TextEvent[]): number[] =>
  events.flatMap((event) => (event.kind === 'text' ? event.tokens.map(({ id }) => id) : []));

function begin(asked: TextRequest, signal = new AbortController().signal): Promise<TextEvent[]>[] {
  return continueText(model, asked, SAMPLES, { signal, meter }).map(eventsOf);
}

const cachedTokens = (events: readonly TextEvent[]) =>
  events.flatMap((event) => (event.kind === 'prompt' ? [event.cachedTokens] : []));

test('several texts of one prompt compute it once, and are those of their numbers alone', async () => {
  const { prompt } = request();
  const texts = await Promise.all(begin(request()));
  expect(texts.map(cachedTokens)).toEqual([[0], [prompt.ids.length], [prompt.ids.length]]);
  const alone: number[][] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const ids: number[] = [];
    const events = model.engine.generate({ prompt: prompt.ids, parameters, sample });
    for await (const event of events) if (event.kind === 'token') ids.push(event.id);
    alone.push(ids);
  }
  expect(texts.map(idsOf)).toEqual(alone);
  expect(new Set(alone.map(String)).size).toBe(SAMPLES);
});

test('of a prompt alone, all texts tell its log-probabilities', async () => {
  const texts = await Promise.all(
    begin(request({ isPromptOnly: true, logProbabilities: 1, promptLogProbabilities: true })),
  );
  const [first, ...others] = texts.map(([event]) => (event?.kind === 'prompt' ? event.logProbabilities : []));
  expect(first).toHaveLength(request().prompt.ids.length - 1);
  expect(others).toEqual([first, first]);
  expect(model.engine.state()).toMatchObject({ running: 0, waiting: 0, memory: { held: 0 } });
});

test('a text that is left ends alone, also the one that computed the prompt', async () => {
  const whole = (await Promise.all(begin(request()))).map(idsOf);
  const [first, ...others] = continueText(model, request(), SAMPLES, { signal: new AbortController().signal, meter });
  const read = others.map(eventsOf);
  for await (const event of first!) if (event.kind === 'text') break;
  expect((await Promise.all(read)).map(idsOf)).toEqual(whole.slice(1));
  expect(model.engine.state()).toMatchObject({ running: 0, waiting: 0, memory: { held: 0 } });
});

test('a signal ends all of them', async () => {
  const controller = new AbortController();
  const texts = begin(request(), controller.signal);
  controller.abort(new Error('gone'));
  for (const text of await Promise.allSettled(texts)) {
    expect(text).toMatchObject({ status: 'rejected', reason: { message: 'gone' } });
  }
  expect(model.engine.state()).toMatchObject({ running: 0, waiting: 0, memory: { held: 0 } });
});
