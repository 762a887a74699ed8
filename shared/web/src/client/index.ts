/** @file A model in a browser: opens the folder that `export` wrote, and continues texts. */
import { createEncoder } from '@arrowsmith/bpe';
import {
  countActiveParameters,
  countParameters,
  tensorsOf,
  type DecoderConfig,
  type ParameterTensors,
} from '@arrowsmith/model';
import { decodeStored } from '@arrowsmith/quantization/weight-formats';
import * as tf from '@tensorflow/tfjs-core';
import { backendOrder, BACKENDS, startBackend, type Backend } from './backends.ts';
import { generate, type GeneratedText, type GenerateOptions } from './generate.ts';
import { inTurn } from './in-turn.ts';
import { readFolder, type OnProgress } from './read-folder.ts';

export { BACKENDS, type Backend } from './backends.ts';
export type { GeneratedText, GenerateOptions } from './generate.ts';

export interface WebModel {
  name: string;
  /** How its matrices are stored in the folder. */
  precision: string;
  parameters: number;
  config: DecoderConfig;
  /** What computes it. */
  backend: Backend;
  /** Which backends would have come before, and why they were not started. */
  without: readonly string[];
  /**
   * Continues a text; one at a time, others wait.
   *
   *     const { text } = await model.generate('Once upon a time', { temperature: 0.7, onText: (piece) => show(piece) });
   */
  generate(prompt: string, options?: GenerateOptions): Promise<GeneratedText>;
  /** The text of a token, for showing it. */
  tokenText(id: number): string;
  /** What tfjs holds at the moment. */
  memory(): { tensors: number; bytes: number };
  dispose(): void;
}

export interface OpenOptions {
  /** By default the first that starts, in the order that suits the model's size. */
  backend?: Backend | undefined;
  /** Bytes of the weights that have come, of all. */
  onProgress?: OnProgress | undefined;
}

/**
 * Opens a model.
 *
 *     const model = await openModel('./');
 *
 * @param folder what `export web` wrote; relative to the page
 * @throws UserError where a file is not there or damaged, and where the browser computes nothing of the kind
 */
export async function openModel(
  folder: string | URL = './',
  { backend: asked, onProgress }: OpenOptions = {},
): Promise<WebModel> {
  const place = new URL(folder, document.baseURI);
  if (!place.pathname.endsWith('/')) place.pathname += '/';
  const { config, tokenizer, name, precision, endOfText, beginOfText, endTokens, names, read } = await readFolder(
    place,
    onProgress,
  );
  const order = asked === undefined ? backendOrder(countActiveParameters(config)) : [asked];
  const { backend, without, parameters } = await inTurn(async () => {
    const started = await startBackend(order, place);
    // One after the other, so that of all weights there are the file and the tensors, and nothing else.
    const tensors: ParameterTensors = {};
    for (const each of names) {
      const stored = read(each);
      Object.assign(tensors, tensorsOf({ [each]: { shape: [...stored.shape], data: decodeStored(stored) } }));
    }
    return { ...started, parameters: tensors };
  });
  const encoder = createEncoder(tokenizer);
  return {
    name,
    precision,
    parameters: countParameters(config),
    config,
    backend,
    without,
    generate: (prompt, options) =>
      inTurn(async () => {
        await tf.setBackend(backend); // another model may have come since
        return generate({ config, parameters, encoder, endOfText, beginOfText, endTokens }, prompt, options);
      }),
    tokenText: (id) => encoder.decode([id]),
    memory: () => ({ tensors: tf.memory().numTensors, bytes: tf.memory().numBytes }),
    dispose: () => tf.dispose(parameters),
  };
}

/** Whether a name is a backend's. */
export const isBackend = (name: string): name is Backend => (BACKENDS as readonly string[]).includes(name);
