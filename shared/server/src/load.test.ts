/** @file Many requests at once, and the end of a server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { END, tensors, tinyServer, type TinyServer } from './testing/tiny-server.ts';

let server: TinyServer | undefined;
afterEach(async () => {
  server?.abort();
  await server?.close();
});

const endless = { logit_bias: { [END]: -100 } };

interface Completion {
  choices: { text: string }[];
}

const request = (i: number) => ({
  prompt: `${'Once upon a time'.slice(0, 4 + (i % 12))}${i}`,
  max_tokens: 4 + (i % 21),
  seed: i,
  temperature: i % 3 === 0 ? 0 : 1,
  ...(i % 5 === 0 ? { stop: 'e' } : {}),
});

/** The text of a stream of completions. */
async function streamedText(response: Response): Promise<string> {
  const events = (await response.text()).split('\n\n').map((event) => event.replace('data: ', ''));
  expect(events.slice(-2)).toEqual(['[DONE]', '']);
  return events
    .slice(0, -2)
    .map((event) => (JSON.parse(event) as Completion).choices[0]?.text ?? '')
    .join('');
}

const idle = { running: 0, waiting: 0, memory: { held: 0 } };

describe('of 100 requests at once', () => {
  const COUNT = 100; // npm run bench -- serve has a thousand
  const isCancelled = (i: number): boolean => i % 10 === 9;
  const expected: string[] = [];

  const wholeText = async ({ ask }: TinyServer, i: number): Promise<string> => {
    const { choices } = (await (await ask('/v1/completions', request(i))).json()) as Completion;
    return choices[0]?.text ?? '';
  };

  beforeAll(async () => {
    const alone = await tinyServer();
    for (let i = 0; i < COUNT; i++) expected.push(await wholeText(alone, i));
    await alone.close();
  });

  test.each(['contiguous', 'paged', 'heterogeneous'] as const)(
    'none is lost or mixed up, also where some are cancelled, with the cache %s',
    async (cache) => {
      const own = await tinyServer({ places: COUNT }, { cache, blockSize: 4, sequences: 16 });
      server = own;
      const textOf = async (i: number): Promise<string | undefined> => {
        if (isCancelled(i)) {
          const signal = AbortSignal.timeout(20 + i);
          const body = { ...request(i), ...endless, max_tokens: 60, stream: i % 20 === 9 };
          return own.ask('/v1/completions', body, { signal }).then(
            (response) => response.text().catch(() => undefined),
            () => undefined,
          );
        }
        if (i % 2 === 0) return wholeText(own, i);
        return streamedText(await own.ask('/v1/completions', { ...request(i), stream: true }));
      };
      const together = await Promise.all(expected.map((_, i) => textOf(i)));
      const finished = (texts: readonly (string | undefined)[]) => texts.filter((_, i) => !isCancelled(i));
      expect(finished(together)).toEqual(finished(expected));
      await expect.poll(() => own.model.engine.state()).toMatchObject(idle);
      own.model.engine.check();
    },
  );
});

test('a client that goes frees at once what its texts hold, and their places', async () => {
  server = await tinyServer({ places: 4 });
  const { ask, model } = server;
  for (const stream of [true, false]) {
    const controller = new AbortController();
    const body = { prompt: 'a', n: 4, max_tokens: 1000, stream, ...endless };
    const gone = ask('/v1/completions', body, { signal: controller.signal }).then((each) => each.text());
    await expect.poll(() => model.engine.state().running, { interval: 1 }).toBe(4);
    controller.abort();
    await expect(gone).rejects.toThrow('abort');
    await expect.poll(() => model.engine.state(), { interval: 1 }).toMatchObject(idle);
    expect((await ask('/v1/completions', { ...body, stream: false, max_tokens: 1 })).status).toBe(200);
  }
});

test('who comes when all places are taken is asked to come again', async () => {
  server = await tinyServer({ places: 2 }, { sequences: 1 });
  const { ask } = server;
  const body = { prompt: 'a', n: 2, max_tokens: 50, ...endless };
  const [first, second] = await Promise.all([ask('/v1/completions', body), ask('/v1/completions', body)]);
  const [right, refused] = first.ok ? [first, second] : [second, first];
  expect(right.status).toBe(200);
  expect(refused.status).toBe(429);
  expect(refused.headers.get('Retry-After')).toBe('1');
  expect(await refused.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' } });
  expect((await ask('/v1/completions', body)).status).toBe(200);
});

test('where nobody may wait, whoever comes beside those that are computed is refused', async () => {
  server = await tinyServer({ places: 1 }, { sequences: 1 });
  const { ask } = server;
  const body = { prompt: 'a', max_tokens: 50, ...endless };
  const statuses = (await Promise.all([1, 2, 3].map(() => ask('/v1/completions', body)))).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([200, 429, 429]);
});

test('a server that stops answers first what was asked', async () => {
  server = await tinyServer();
  const { ask, model, url } = server;
  const body = { prompt: 'a', max_tokens: 50, seed: 1, ...endless };
  const whole = ask('/v1/completions', body);
  const streamed = ask('/v1/completions', { ...body, stream: true });
  await expect.poll(() => model.engine.state().running, { interval: 1 }).toBe(2);
  const closed = server.close();
  await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
  const { choices } = (await (await whole).json()) as Completion;
  expect(await streamedText(await streamed)).toBe(choices[0]?.text);
  await closed;
  server = undefined;
});

test('a server that is stopped at once does not wait', async () => {
  server = await tinyServer();
  const { ask, model } = server;
  const asked = ask('/v1/completions', { prompt: 'a', n: 8, max_tokens: 60, ...endless });
  asked.catch(() => undefined);
  await expect.poll(() => model.engine.state().running, { interval: 1 }).toBe(8);
  const closed = server.close();
  server.abort();
  await closed;
  await expect(asked).rejects.toThrow(/terminated|fetch failed|other side closed/);
  server = undefined;
});

test('what requests take does not stay in memory', async () => {
  server = await tinyServer({}, { blockSize: 4 });
  const { ask, model } = server;
  const round = async (): Promise<number> => {
    const all = Array.from({ length: 20 }, async (_, i) => (await ask('/v1/completions', request(i))).text());
    await Promise.all(all);
    await sleep(20);
    return tensors();
  };
  await round();
  const before = await round();
  for (let i = 0; i < 3; i++) await round();
  expect(await round()).toBe(before);
  expect(model.engine.state()).toMatchObject(idle);
});
