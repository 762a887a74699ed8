/** @file A server of a tiny model with random weights and a token for each byte, for tests. */
import { createEncoder } from '@arrowsmith/bpe';
import { useBackend } from '@arrowsmith/engine';
import { Engine, type EngineOptions } from '@arrowsmith/generation';
import { decoderConfig, initialWeights, modelParameters, type ParameterTensors, tensorsOf } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { Models } from '../models.ts';
import { type ServedModel, servedModel, type ServedModelParts } from '../served-model.ts';
import { type RunningServer, type ServerOptions, startServer } from '../server.ts';

/** The last token ends a text; every character beyond ASCII is several tokens. */
export const END = 256;

export const CONTEXT = 64;

const encoder = createEncoder({
  vocabulary: Array.from({ length: 257 }, (_, id) =>
    id === END ? new TextEncoder().encode('<end>') : Uint8Array.of(id),
  ),
  merges: [],
  pattern: 'gpt2',
  specialTokens: [{ id: END, content: '<end>' }],
});

const sizes = { hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 8, initializerRange: 0.3 };

let parameters: Promise<ParameterTensors> | undefined;

const config = (contextLength: number) =>
  decoderConfig(modelParameters.parse(sizes), { vocabularySize: 257, contextLength });

async function loadParameters(): Promise<ParameterTensors> {
  await useBackend('cpu');
  return tensorsOf(initialWeights(config(CONTEXT), 4));
}

/** Weights on a device that fails as long as `isLost` says so. */
function onDevice(weights: ParameterTensors, isLost: () => boolean): ParameterTensors {
  return new Proxy(weights, {
    get(all, name: string) {
      if (isLost()) throw new Error('the device is lost');
      return all[name];
    },
  });
}

/** A model of that kind, on the backend `cpu`, with an engine of its own. */
export async function tinyModel(
  engine: EngineOptions = {},
  {
    id = 'tiny',
    contextLength = CONTEXT,
    isLost = () => false,
    ...more
  }: Partial<ServedModelParts> & { contextLength?: number; isLost?: () => boolean } = {},
): Promise<ServedModel> {
  parameters ??= loadParameters();
  const model = { config: config(contextLength), parameters: onDevice(await parameters, isLost) };
  return servedModel({
    id,
    engine: new Engine(model, engine),
    config: model.config,
    encoder,
    beginOfText: END,
    ...more,
  });
}

/** A server at any free port. */
export interface TinyServer extends RunningServer {
  model: ServedModel;
  /** Sends a request: JSON where there is a body. */
  ask(path: string, body?: unknown, init?: RequestInit): Promise<Response>;
}

export async function tinyServer(
  options: ServerOptions = {},
  engine: EngineOptions = {},
  parts: Parameters<typeof tinyModel>[1] = {},
): Promise<TinyServer> {
  const model = await tinyModel(engine, parts);
  const models = new Models([
    { id: model.id, created: 1_700_000_000, load: async () => model },
    { id: 'other', created: 1_700_000_001, load: () => tinyModel(engine, { ...parts, id: 'other' }) },
  ]);
  await models.get();
  const server = await startServer(models, { port: 0, ...options });
  return {
    ...server,
    model,
    ask: (path, body, init = {}) =>
      fetch(`${server.url}${path}`, {
        ...(body === undefined
          ? {}
          : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
        ...init,
      }),
  };
}

/** Tensors that there are. */
export const tensors = (): number => tf.memory().numTensors;
