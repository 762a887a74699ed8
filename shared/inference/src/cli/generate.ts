/** @file `nx run pipeline:generate`: text from the model of a run, as it comes. Ctrl-C ends it. */
import { randomInt } from 'node:crypto';
import { print, printError, printPart } from '@arrowsmith/errors';
import {
  describeCuts,
  type DraftCounts,
  type TextGeneration,
  type TextModel,
  type TextResult,
} from '@arrowsmith/generation';
import { format, main, readCount, readOptions, text } from '@arrowsmith/pipeline/cli';
import { describeTexts, logProbabilityTable } from '../describe-texts.ts';
import { engineOptions, readEngine } from './engine-options.ts';
import { formOptions, readForm } from './form-options.ts';
import { loadAsked, modelOptions } from './model-options.ts';
import { pipedPrompt } from './piped-prompt.ts';
import { readSampling, samplingOptions } from './sampling-options.ts';
import { INTERRUPTED, printNote, SEEDS, whenOutputEnds } from './terminal.ts';
import { readNumber } from './values.ts';

await main(async (workspace, signal) => {
  const options = readOptions({
    name: 'generate',
    description:
      'Continues a prompt with the model of a run, and shows the text as it comes, until the model ends it. What it took stands on the standard error at the end.',
    options: {
      prompt: text(
        'The beginning of the text; without one, what another program pipes in, or else the model begins.',
        'text',
      ),
      ...modelOptions,
      ...engineOptions,
      ...samplingOptions,
      samples: text('Continue the prompt so often, side by side.', 'number', '1'),
      ...formOptions,
      logprobs: text('Show the log-probability of each token, and so many most likely ones beside it.', 'number'),
      json: format('Prints JSON, once all is there.'),
    },
    example: '--prompt="Once upon a time" --temperature=0.7',
  });
  const sampling = readSampling(options);
  const engine = readEngine(options);
  const { seed = randomInt(SEEDS) } = sampling;
  const form = await readForm(options);
  const logProbabilities = readNumber('logprobs', options.logprobs, { least: 0, most: 100, whole: true });
  const samples = readCount(options.samples, 'samples') ?? 1;
  const prompt = options.prompt ?? (await pipedPrompt(process.stdin, { tell: printNote, signal }));
  whenOutputEnds();

  const { run, pipeline, folder } = options;
  const asked = { run, pipeline, model: options.model, folder, ...engine };
  const model = await loadAsked(asked, workspace.root, samples);
  const texts = model.samples(prompt, samples, { ...sampling, ...form, seed, logProbabilities, signal });
  const isAlone = Object.keys(form).length > 0;
  if (options.json) {
    const results = await Promise.all(texts.map((each) => ended(each, signal)));
    const drafts = draftsOf(model, options.draft);
    const all = { model: model.name, seed, prompt, samples: results.map((each) => told(each, model)), drafts };
    print(JSON.stringify(all, null, 2));
  } else {
    for (const [i, each] of texts.entries()) {
      if (samples > 1) printPart(`${i === 0 ? '' : '\n'}sample ${i + 1} of ${samples}\n\n`);
      if (!isAlone) printPart(prompt);
      await ended(each, signal, printPart);
      printPart('\n');
      if (logProbabilities !== undefined) print(`\n${logProbabilityTable(each.soFar, (ids) => model.decode(ids))}`);
    }
  }
  const results = texts.map(({ soFar }) => soFar);
  const took = describeTexts(results, model.contextLength, draftsOf(model, options.draft));
  printError(`\n${cuts(results, model)}${took}; ${model.name}, seed ${seed}`);
  if (signal.aborted) process.exit(INTERRUPTED);
});

/** What a text has become when it ends, also where the signal ended it. @param put is given its pieces */
async function ended(
  generation: TextGeneration,
  signal: AbortSignal,
  put: (piece: string) => void = () => undefined,
): Promise<TextResult> {
  try {
    for await (const piece of generation) put(piece);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return generation.soFar;
}

/** How many tokens were drafted and kept, where somebody drafts. */
function draftsOf(model: TextModel, draft: string | undefined): DraftCounts | undefined {
  const { drafted, accepted } = model.state().drafts;
  return draft === undefined ? undefined : { drafted, accepted };
}

/** Says that the model has not seen all of the prompt. */
function cuts([first]: readonly TextResult[], { contextLength }: TextModel): string {
  if (first === undefined || first.usage.cutTokens === 0) return '';
  const { promptTokens: seen, cutTokens } = first.usage;
  return `${describeCuts(new Map([[1, { tokens: seen + cutTokens, seen }]]), contextLength)}\n\n`;
}

/** A text as JSON, its tokens with what they stand for. */
function told({ logProbabilities, usage, ...result }: TextResult, model: TextModel) {
  const { promptTokens, cutTokens, sharedTokens, outputTokens } = usage;
  const token = ({ id, logProbability }: { id: number; logProbability: number }) => ({
    id,
    text: model.decode([id]),
    logProbability,
  });
  return {
    ...result,
    ...(logProbabilities.length === 0
      ? {}
      : { logProbabilities: logProbabilities.map((each) => ({ ...token(each), top: each.top.map(token) })) }),
    usage: { promptTokens, cutTokens, sharedTokens, outputTokens },
  };
}
