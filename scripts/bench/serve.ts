/** @file Benchmark: a server with many clients at once, a tenth of which go before they have their text. */
import { createEncoder } from '@arrowsmith/bpe';
import { backendNames, resolveBackend, useBackend } from '@arrowsmith/engine';
import { Engine } from '@arrowsmith/generation';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import { Models, servedModel, startServer } from '@arrowsmith/server';
import * as z from 'zod';
import { parseOptions } from './options.ts';
import { median, printTable } from './statistics.ts';

export const description =
  'a server with many clients at once: --requests=N --tokens=N --sequences=N --cache=paged --hidden=N';

export const options = z.strictObject({
  requests: z.coerce.number().int().min(10).default(1000).describe('clients at once'),
  tokens: z.coerce.number().int().min(2).default(32).describe('of each text'),
  sequences: z.coerce.number().int().min(1).default(64).describe('computed side by side'),
  cache: z
    .enum(['contiguous', 'paged', 'heterogeneous'])
    .default('heterogeneous')
    .describe('memory for keys and values'),
  hidden: z.coerce
    .number()
    .int()
    .min(8)
    .default(128)
    .describe('width of the model, which has four layers and random weights'),
  backend: z.enum(['auto', ...backendNames]).default('auto'),
});

const END = 256;
const CONTEXT = 128;

/** Prompts begin alike, as those of one application do. */
const promptOf = (i: number): string => `Once upon a time there was number ${i % 500}`;

interface Answer {
  /** Undefined where the client has gone. */
  text: string | undefined;
  /** Milliseconds until the first token, and until the end. */
  first: number;
  all: number;
}

/** Sends all requests at once, and checks that each text is there, and that nothing is held when all are done. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const { requests, tokens, sequences, cache, hidden, backend } = parseOptions(args, options);
  await useBackend(resolveBackend(backend));
  const sizes = { hiddenSize: hidden, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 3 * hidden };
  const config = decoderConfig(modelParameters.parse(sizes), { vocabularySize: END + 1, contextLength: CONTEXT });
  const model = { config, parameters: tensorsOf(initialWeights(config, 1)) };
  const cacheBytes = 4 * 2 * CONTEXT * (hidden / 2) * 4 * sequences;
  const engine = new Engine(model, { cache, sequences, cacheBytes });
  const served = servedModel({ id: 'random', engine, config, encoder, beginOfText: END });
  const models = new Models([{ id: served.id, created: 0, load: async () => served }]);
  await models.get();
  const server = await startServer(models, { port: 0, places: requests });
  try {
    const ask = (i: number, isCancelled = false) => stream(`${server.url}/v1/completions`, i, { tokens, isCancelled });
    const alone = await ask(3);
    const memory = process.memoryUsage().rss;
    const begin = performance.now();
    const answers = await Promise.all(Array.from({ length: requests }, (_, i) => ask(i, i % 10 === 9)));
    const seconds = (performance.now() - begin) / 1000;
    const whole = answers.filter(({ text }) => text !== undefined);
    const lost = answers.filter(({ text }, i) => i % 10 !== 9 && text === undefined).length;
    if (lost > 0 || answers[3]?.text !== alone.text) throw new Error(`${lost} texts are lost, or one is another`);
    engine.check();
    const { running, waiting, memory: use } = engine.state();
    if (running + waiting + use.held > 0)
      throw new Error(`${running} run, ${waiting} wait, ${use.held} bytes are held`);
    const rate = (whole.length * tokens) / seconds;
    const firsts = whole.map(({ first }) => first).sort((a, b) => a - b);
    printTable(
      ['', 'value'],
      [
        ['requests at once', `${requests}, ${requests - whole.length} cancelled`],
        ['seconds', seconds.toFixed(1)],
        ['tokens/s of whole texts', rate.toFixed(0)],
        ['first token, median', `${(median(firsts) / 1000).toFixed(2)} s`],
        ['first token, last of all', `${((firsts.at(-1) ?? 0) / 1000).toFixed(2)} s`],
        ['one alone, first token', `${alone.first.toFixed(0)} ms`],
        ['one alone, whole', `${alone.all.toFixed(0)} ms`],
        ['memory beside that before', `${((process.memoryUsage().rss - memory) / 2 ** 20).toFixed(0)} MiB`],
      ],
    );
    return { ours: rate, peer: null, ratio: null, unit: 'tokens/s', requests, cache, sequences, seconds };
  } finally {
    await server.close();
  }
}

/** A token for each byte. */
const encoder = createEncoder({
  vocabulary: [...Array.from({ length: END }, (_, byte) => Uint8Array.of(byte)), new TextEncoder().encode('<end>')],
  merges: [],
  pattern: 'gpt2',
  specialTokens: [{ id: END, content: '<end>' }],
});

async function stream(
  url: string,
  i: number,
  { tokens, isCancelled }: { tokens: number; isCancelled: boolean },
): Promise<Answer> {
  const begin = performance.now();
  const controller = new AbortController();
  const body = { prompt: promptOf(i), max_tokens: tokens, seed: i, stream: true, logit_bias: { [END]: -100 } };
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: controller.signal,
  });
  if (!response.ok || response.body === null) throw new Error(`${response.status}: ${await response.text()}`);
  let text = '';
  let first = 0;
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      if (first === 0) first = performance.now() - begin;
      text += chunk;
      if (isCancelled) controller.abort();
    }
  } catch (error) {
    if (!isCancelled) throw error;
    return { text: undefined, first, all: performance.now() - begin };
  }
  if (!text.endsWith('data: [DONE]\n\n')) throw new Error(`text ${i} is cut`);
  return { text: textOf(text), first, all: performance.now() - begin };
}

/** The text of an event stream of completions. */
function textOf(events: string): string {
  const chunks = events.split('\n\n').filter((event) => event.startsWith('data: {'));
  return chunks
    .map((event) => (JSON.parse(event.slice(6)) as { choices: { text: string }[] }).choices[0]?.text ?? '')
    .join('');
}
