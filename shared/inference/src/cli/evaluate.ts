/** @file `nx run pipeline:evaluate`: bits per byte and perplexity of a text file, by the model of a run, or of any file or folder that has one. */
import { resolve } from 'node:path';
import { createEncoder } from '@arrowsmith/bpe';
import { engineNotices, resolveEngine, useBackend } from '@arrowsmith/engine';
import { print, printError, UserError } from '@arrowsmith/errors';
import { checkTokens, openForeignModel, readForeignTokenizer } from '@arrowsmith/import';
import { countParameters } from '@arrowsmith/model';
import { decodeStored } from '@arrowsmith/quantization';
import { checkLoss } from '@arrowsmith/training';
import { format, main, readCount, readOptions, startProgress, text } from '@arrowsmith/pipeline/cli';
import { loadParameters } from '../load-parameters.ts';
import { readText } from '../read-text.ts';
import { textLoss, windowsOf } from '../text-loss.ts';
import { engineOptions, readActivations } from './engine-options.ts';
import { findAsked } from './find-model.ts';
import { modelOptions, oneModel } from './model-options.ts';
import { readNumber } from './values.ts';

/** Longer windows of one text take time that grows with their square, and tell little more. */
const USUAL_CONTEXT = 2048;

await main(async (workspace, signal) => {
  const options = readOptions({
    name: 'evaluate',
    description:
      'Lets a model read a text file, and says bits per byte and perplexity. Any model: of a run, of an artifact, a Hugging Face folder, a file of GGUF or of llama2.c. The stage of the same name measures more, of the text that a pipeline holds out.',
    options: {
      text: text('The text file, in UTF-8.', 'file'),
      bytes: text('Read only so many bytes from its beginning.', 'number', 'all'),
      ...modelOptions,
      tokenizer: text('Another tokenizer.json than that of --folder.', 'file'),
      context: text(
        'Tokens of a window; no more than the model’s context.',
        'number',
        `the model’s context, at most ${USUAL_CONTEXT}`,
      ),
      stride: text(
        'Tokens from one window to the next. Fewer than a window has: windows overlap, and each token is predicted where it sees most of what is before it.',
        'number',
        'a whole window, as in the stage',
      ),
      batch: text('Windows that go through the model together.', 'number', '4'),
      activations: engineOptions.activations,
      backend: text('native, webgpu, wasm or cpu.', 'backend', 'the fastest that there is'),
      json: format('Prints JSON.'),
    },
    example: '--folder=model.gguf --text=story.txt',
  });
  const { backend } = options;
  if (options.text === undefined) {
    throw new UserError({
      what: 'there is no text to evaluate',
      expected: '--text=<file>',
      fix: 'npx arrowsmith evaluate <file, folder or run> --text=story.txt',
    });
  }
  const file = await readText(resolve(workspace.root, options.text), readCount(options.bytes, 'bytes'));
  const { files } = await findAsked(workspace, oneModel(options), options.tokenizer);
  const read = await readForeignTokenizer(files.tokenizer, files);
  const model = await openForeignModel(files.weights, read.tokenizer);
  const { config } = model;
  checkTokens(model, read.tokenizer, files.name, '--tokenizer');
  const begin = read.tokenizer.specialTokens.find(({ content }) => content === read.beginOfText)?.id;
  if (begin === undefined) throw withoutEnd(files.tokenizer);
  const context =
    readNumber('context', options.context, { least: 1, most: config.contextLength, whole: true }) ??
    Math.min(config.contextLength, USUAL_CONTEXT);
  const stride = readNumber('stride', options.stride, { least: 1, most: context, whole: true }) ?? context;
  const batchSize = readCount(options.batch, 'batch') ?? 4;
  const activations = readActivations(options.activations);

  engineNotices({ backend }).forEach(printError);
  await useBackend(resolveEngine({ backend }).backend, { onNotice: printError });
  const ids = createEncoder(read.tokenizer).encode(file.text);
  const {
    parameters,
    format: stored,
    bytes: weightBytes,
  } = loadParameters(model, {
    activations,
    where: files.name,
  });
  const total = windowsOf(ids, { begin, context, stride }).rows;
  const bar = startProgress(options.text, { total, unit: 'windows' }, process.stderr);
  const onProgress = (done: number) => bar.update(done);
  const asked = { config, parameters, ids, begin, context, stride, batchSize, signal, onProgress };
  const { nats, tokens, windows } = await textLoss(asked);
  bar.end();
  checkLoss(nats, files.name, decodedWeights(model));
  const result = {
    model: files.name,
    family: config.family,
    parameters: countParameters(config),
    format: stored,
    activations,
    weightBytes,
    text: options.text,
    bytes: file.bytes,
    tokens,
    context,
    stride,
    windows,
    loss: nats / tokens,
    perplexity: Math.exp(nats / tokens),
    bitsPerByte: nats / Math.LN2 / file.bytes,
  };
  if (options.json) print(JSON.stringify(result, null, 2));
  else for (const line of describe(result)) print(line);
});

interface Result {
  model: string;
  family: string;
  parameters: number;
  format: string;
  activations: string;
  weightBytes: number;
  text: string;
  bytes: number;
  tokens: number;
  context: number;
  stride: number;
  windows: number;
  loss: number;
  perplexity: number;
  bitsPerByte: number;
}

/** For people, the number that compares models of different tokenizers first. */
function describe(result: Result): string[] {
  const { model, family, parameters, weightBytes, text: path, bytes, tokens, context, stride } = result;
  const stored = result.activations === 'f32' ? result.format : `${result.format}, activations ${result.activations}`;
  const count = (n: number) => n.toLocaleString('en-US');
  const windows = `${count(result.windows)} of ${count(context)} tokens${stride < context ? `, one every ${count(stride)}` : ''}`;
  return [
    `bits per byte   ${result.bitsPerByte.toFixed(4)}`,
    `perplexity      ${result.perplexity.toFixed(3)} per token, ${result.loss.toFixed(4)} nats`,
    `model           ${model}: ${family}, ${count(parameters)} parameters, ${(weightBytes / 1e6).toFixed(2)} MB ${stored}`,
    `text            ${path}: ${count(bytes)} bytes, ${count(tokens)} tokens`,
    `windows         ${windows}`,
  ];
}

/** All weights as float32, one after the other. */
function* decodedWeights({ names, read }: Awaited<ReturnType<typeof openForeignModel>>) {
  for (const name of names) {
    const stored = read(name);
    yield [name, { shape: stored.shape, data: decodeStored(stored) }] as const;
  }
}

const withoutEnd = (tokenizer: string): UserError =>
  new UserError({
    what: 'the tokenizer has no token that ends a text, and that one begins with',
    where: tokenizer,
    expected: 'a special token',
    found: 'none',
    fix: 'use the tokenizer that the model was trained with',
  });
