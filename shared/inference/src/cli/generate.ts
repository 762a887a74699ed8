/** @file `nx run pipeline:generate`: text from the model of a run, as it comes. Ctrl-C ends it. */
import { randomInt } from 'node:crypto';
import { printError, printPart } from '@arrowsmith/errors';
import { describeCuts, generationParameters } from '@arrowsmith/generation';
import { engineNotices, resolveEngine, useBackend } from '@arrowsmith/engine';
import { main, readOptions, text } from '@arrowsmith/pipeline/cli';
import { oneRun, pipelineOption, readRuns, runOption } from '@arrowsmith/runs/references';
import { findRunModel, loadRunModel } from '../run-model.ts';
import { type StreamedText, streamText } from '../stream-text.ts';
import { readNumber } from './values.ts';

/** Exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Seeds that are drawn where none is given: short enough to type. */
const SEEDS = 100_000;

await main(async (workspace, signal) => {
  const options = readOptions({
    name: 'generate',
    description:
      'Continues a prompt with the model of a run, and shows the text as it comes, until the model ends it. What it took stands on the standard error at the end.',
    options: {
      prompt: text('The beginning of the text; without one, the model begins.', 'text'),
      ...runOption('the last that made a model'),
      ...pipelineOption(),
      model: text(
        'Which model of the run, by the step that made it, or by the format of its weights: train, quantize, int8.',
        'step',
        'the largest that is not quantized',
      ),
      temperature: text(
        'Divides the logits: higher is more surprising; 0 takes the most likely token.',
        'number',
        '0.8',
      ),
      topK: text('Choose among this many most likely tokens; 0: among all.', 'number', '0'),
      topP: text(
        'Choose among the fewest most likely tokens whose probabilities sum to at least this.',
        'number',
        '0.9',
      ),
      seed: text('Seed of the choice: the same seed, the same text.', 'number', 'another each time'),
      length: text('Tokens at most.', 'number', 'until the context is full'),
    },
    example: '--prompt="Once upon a time" --temperature=0.7',
  });
  const parameters = generationParameters.parse({
    temperature: readNumber('temperature', options.temperature, { least: 0 }) ?? 0.8,
    topK: readNumber('topK', options.topK, { least: 0, whole: true }) ?? 0,
    topP: readNumber('topP', options.topP, { above: 0, most: 1 }) ?? 0.9,
    maximumTokens: readNumber('length', options.length, { least: 1, whole: true }) ?? Number.MAX_SAFE_INTEGER,
    seed: readNumber('seed', options.seed, { least: 0, most: 2 ** 31 - 1, whole: true }) ?? randomInt(SEEDS),
  });
  const wanted = {
    reference: oneRun(options.run),
    pipeline: options.pipeline,
    model: options.model,
  };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1)); // `| head` has seen enough

  const found = await findRunModel(workspace, await readRuns(workspace), wanted);
  engineNotices().forEach(printError);
  await useBackend(resolveEngine().backend, { onNotice: printError });
  const model = await loadRunModel(found);
  const prompt = options.prompt ?? '';
  printPart(prompt);
  const streamed = await streamText({ ...found, model }, { prompt, parameters, onText: printPart, signal });
  printPart('\n');
  const { contextLength } = model.config;
  if (streamed.prompt.seen < streamed.prompt.tokens)
    printError(`\n${describeCuts(new Map([[1, streamed.prompt]]), contextLength)}`);
  printError(`\n${describe(streamed, contextLength)}; run ${found.run.id}, ${found.step}, seed ${parameters.seed}`);
  if (streamed.end === 'stopped') process.exit(INTERRUPTED);
});

/** What it took, in a line. */
function describe({ tokens, end, firstAt, lastAt }: StreamedText, contextLength: number): string {
  const ends = {
    model: 'ended by the model',
    length: 'as many as asked for',
    context: `the context of ${contextLength} tokens is full`,
    stop: 'ended by a stop string',
    stopped: 'stopped',
  };
  const count = `${tokens} ${tokens === 1 ? 'token' : 'tokens'}, ${ends[end]}`;
  if (firstAt === undefined || lastAt === undefined) return count;
  const rate = tokens > 1 ? `; ${Math.round((1000 * (tokens - 1)) / (lastAt - firstAt))} tokens/s` : '';
  return `${count}${rate}; the first after ${(firstAt / 1000).toFixed(2)} s`;
}
