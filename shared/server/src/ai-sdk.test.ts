/** @file The server as Vercel's AI SDK sees it. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateObject, generateText, streamText } from 'ai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { tinyServer, type TinyServer } from './testing/tiny-server.ts';

let server: TinyServer;
let provider: ReturnType<typeof createOpenAICompatible>;

beforeAll(async () => {
  server = await tinyServer({ apiKey: 'secret' });
  provider = createOpenAICompatible({
    name: 'arrowsmith',
    baseURL: `${server.url}/v1`,
    apiKey: 'secret',
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
});
afterAll(() => server.close());

const asked = { prompt: 'Hi', seed: 5, maxOutputTokens: 8, maxRetries: 0 };

test('an answer of a chat is the same whole and streamed', async () => {
  const model = provider('tiny');
  const whole = await generateText({ ...asked, model });
  expect(whole.usage).toMatchObject({ outputTokens: 8 });
  expect(whole.finishReason).toBe('length');
  const streamed = streamText({ ...asked, model });
  expect(await streamed.text).toBe(whole.text);
  expect(await streamed.usage).toMatchObject({ outputTokens: 8 });
});

test('a completion is the same whole and streamed', async () => {
  const model = provider.completionModel('tiny');
  const whole = await generateText({ ...asked, model });
  expect(await streamText({ ...asked, model }).text).toBe(whole.text);
});

test('an object follows its schema', async () => {
  const schema = z.object({ mood: z.enum(['good', 'bad']) });
  const { object } = await generateObject({ model: provider('tiny'), schema, prompt: 'Hi', seed: 1 });
  expect(['good', 'bad']).toContain(object.mood);
});

test('errors are those that it knows', async () => {
  const work = generateText({ ...asked, model: provider('huge') });
  await expect(work).rejects.toThrow(APICallError);
  await expect(work).rejects.toThrow('huge');
});
