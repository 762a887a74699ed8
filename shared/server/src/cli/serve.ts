/** @file `nx run pipeline:serve`: the models of a run, as OpenAI's API serves them. The first Ctrl-C lets it answer what was asked, the second ends it. */
import { resolve } from 'node:path';
import { engineNotices, resolveEngine, useBackend } from '@arrowsmith/engine';
import { print, printError, printFailure, UserError } from '@arrowsmith/errors';
import { AttentionWorkers, findInFolder, readDraft } from '@arrowsmith/generation';
import { engineOptions, findRunModel, type NamedModel, oneModel, readEngine } from '@arrowsmith/inference';
import type { Workspace } from '@arrowsmith/pipeline';
import { main, readCount, readOptions, text } from '@arrowsmith/pipeline/cli';
import { pipelineOption, readRuns, runOption } from '@arrowsmith/runs/references';
import { readApiKey } from '../api-key.ts';
import { loadChatTemplate } from '../chat-template.ts';
import type { Models } from '../models.ts';
import { folderModel, runModels, type RunModelsOptions } from '../run-models.ts';
import { startServer } from '../server.ts';

/** Sequences that are computed side by side, and texts that wait, where nobody says otherwise. */
const SEQUENCES = 64;
const QUEUE = 256;

/** Of the body of a request: some million tokens. */
const BODY_BYTES = 4 * 2 ** 20;

/** Ctrl-C comes twice where Nx stands between, from the terminal and from Nx: signals so close are one. */
const ONE_SIGNAL_MS = 500;

/** What a process answers whose connections were cut by a second signal. */
const INTERRUPTED = 130;

await main(
  async (workspace, signal) => {
    signal.addEventListener('abort', endOnNextSignal);
    const options = readOptions({
      name: 'serve',
      description:
        'Serves the models of a run, or one in a folder or a file, to programs that know OpenAI’s API: /v1/completions, /v1/chat/completions, /v1/models; /health and /metrics beside them. Ctrl-C lets it answer what was asked, a second one ends it at once.',
      options: {
        ...runOption('the last that made a model'),
        ...pipelineOption(),
        model: text(
          'Which model of the run is the default one, by the step that made it, or by the format of its weights; the others are there, too.',
          'step',
          'the largest that is not quantized',
        ),
        folder: text(
          'A model in place of those of a run: a folder with weights.arrow and tokenizer.json, an artifact, a Hugging Face model; or a file of GGUF or of llama2.c.',
          'folder or file',
        ),
        host: text('The address to listen at; 0.0.0.0 is all of this machine.', 'address', '127.0.0.1'),
        port: text('The port; 0: any that is free.', 'number', '8000'),
        apiKey: text(
          'What clients have to send as their key; also by the environment variable ARROWSMITH_API_KEY, which other users of the machine do not see.',
          'key',
          'none is needed',
        ),
        origin: text('Whose pages in browsers may ask: https://example.org, or *.', 'origin', 'none'),
        chatTemplate: text(
          'The file of a chat template: Jinja, or the tokenizer_config.json of a model of the hub.',
          'file',
          'role: content, with an empty line between two turns',
        ),
        ...engineOptions,
        cacheBytes: text(
          'Of the memory for keys and values, for each model.',
          'number',
          'eight full contexts without sharing, as far as 1 GiB holds them',
        ),
        attentionWorkers: text(
          'Processes that keep keys and values and compute attention, each with cacheBytes of memory, in place of this one.',
          'number',
          'none',
        ),
        sequences: text('Texts that are computed side by side at most.', 'number', String(SEQUENCES)),
        passTokens: text(
          'Tokens that one pass computes at most.',
          'number',
          '256 while texts are written, up to 2048 of prompts alone',
        ),
        queue: text(
          'Texts that wait at most; whoever asks for more is told to come again (429). 0: nobody waits.',
          'number',
          String(QUEUE),
        ),
        bodyBytes: text('Of a request at most.', 'number', String(BODY_BYTES)),
      },
      example: '--port=8000 --sequences=32',
    });
    const sequences = readCount(options.sequences, 'sequences') ?? SEQUENCES;
    const { engine: kept, activations, ...drafting } = readEngine(options);
    const draft = readDraft(drafting);
    const count = readCount(options.attentionWorkers, 'attentionWorkers');
    const engine = {
      ...kept,
      cacheBytes: readCount(options.cacheBytes, 'cacheBytes'),
      passTokens: readCount(options.passTokens, 'passTokens'),
      sequences,
      attention: count === undefined ? undefined : new AttentionWorkers({ count, onNotice: printError }),
    };
    const limits = {
      places: sequences + (readCount(options.queue, 'queue', 0) ?? QUEUE),
      bodyBytes: readCount(options.bodyBytes, 'bodyBytes') ?? BODY_BYTES,
    };
    const port = readPort(options.port);
    const apiKey = readApiKey(options.apiKey, process.env['ARROWSMITH_API_KEY']);
    const chatTemplate = options.chatTemplate === undefined ? undefined : await loadChatTemplate(options.chatTemplate);

    const found = await findModels(workspace, oneModel(options));
    engineNotices().forEach(printError);
    await useBackend(resolveEngine().backend, { onNotice: printError });
    const models = await found.open({ activations, engine, draft, chatTemplate });
    const { host = '127.0.0.1', origin } = options;
    const server = await startServer(models, { host, port, apiKey, origin, ...limits, onError: printFailure });
    const names = models.list().map(({ id }) => id);
    const { contextLength, config } = await models.get();
    if (contextLength < config.contextLength && engine.contextLength === undefined)
      printError(
        `texts have ${contextLength} tokens at most, of the model's ${config.contextLength} (--contextLength)`,
      );
    print(`${server.url}/v1 serves ${names.join(', ')} of ${found.place}`);
    if (apiKey === undefined && !isLoopback(host))
      printError(`whoever reaches ${host} may ask: no key is needed (--apiKey)`);

    await aborted(signal);
    printError('answers what was asked, and stops; once more stops at once');
    await server.close();
  },
  { graceMs: Infinity },
);

/** @throws UserError where there is no such run or model */
async function findModels(
  workspace: Workspace,
  { folder, run, ...wanted }: NamedModel,
): Promise<{ place: string; open: (options: RunModelsOptions) => Promise<Models> }> {
  if (folder !== undefined) {
    const files = await findInFolder(resolve(workspace.root, folder));
    return { place: folder, open: (options) => folderModel(workspace, files, options) };
  }
  const runs = await readRuns(workspace);
  const found = await findRunModel(workspace, runs, { reference: run, ...wanted });
  return { place: `run ${found.run.id}`, open: (options) => runModels(workspace, runs, found, options) };
}

/** @throws UserError for what is no port */
function readPort(written = '8000'): number {
  const port = /^\d{1,5}$/.test(written) ? Number(written) : NaN;
  if (port < 2 ** 16) return port;
  throw new UserError({
    what: `--port=${written}`,
    expected: `a whole number from 0 to ${2 ** 16 - 1}`,
    found: written,
    fix: '--port=0 takes any that is free',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

/** The next Ctrl-C ends the process, and with it all connections. */
function endOnNextSignal(): void {
  const begin = performance.now();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (performance.now() - begin >= ONE_SIGNAL_MS) process.exit(INTERRUPTED);
    });
  }
}
