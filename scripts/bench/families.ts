/** @file Benchmark: the training step of every model family, against Llama 3's of the same active size, in turns. */
import {
  countActiveParameters,
  decoderConfig,
  families,
  kvCacheBytesPerToken,
  modelParameters,
  type DecoderConfig,
} from '@arrowsmith/model';
import { useBackend } from '@arrowsmith/engine';
import { resolveEngine } from '@arrowsmith/engine/resolve';
import * as z from 'zod';
import { writeBenchTable } from './bench-table.ts';
import { tokensPerStep, type BenchModel } from './models.ts';
import { parseOptions, threadsOption } from './options.ts';
import { fixed, median, printTable } from './statistics.ts';
import { trainSession } from './train-session.ts';

export const description =
  'a training step of every family at the 7M model’s active size, tokens/s against llama3’s: [--hidden-size=288] [--layers=6] [--precision=f32|bf16] [--families=a,b] [--rounds=5] [--threads=all]';

export const options = z.strictObject({
  'hidden-size': z.coerce.number().int().default(288),
  layers: z.coerce.number().int().default(6),
  precision: z.enum(['f32', 'bf16']).default('f32'),
  families: z.string().default(Object.keys(families).join(',')),
  rounds: z.coerce.number().int().min(1).default(5),
  threads: threadsOption,
});

const PEER = 'llama3';

/** Inner features come in such units, as wide as the vectors of processors. */
const UNIT = 16;

/** Llama's two thirds of four times the hidden size. */
const peerIntermediateSize = (hiddenSize: number): number => UNIT * Math.round((hiddenSize * 8) / 3 / UNIT);

function configOf(family: string, hiddenSize: number, layers: number, intermediateSize: number): DecoderConfig {
  const sizes = { hiddenSize, layers, heads: 6, kvHeads: 6, intermediateSize };
  return decoderConfig(modelParameters.parse({ family, ...sizes }), { vocabularySize: 4096, contextLength: 256 });
}

/**
 * The same hidden size, layers and heads, and as many inner features as make the parameters that multiply for a token as many as the peer's:
 * a family that spends some on projections between copies of the residual stream, say, has fewer inner features.
 */
function modelOf(family: string, hiddenSize: number, layers: number): BenchModel {
  const most = peerIntermediateSize(hiddenSize);
  const wanted = countActiveParameters(configOf(PEER, hiddenSize, layers, most));
  const off = (config: DecoderConfig) => Math.abs(countActiveParameters(config) - wanted);
  const candidates = Array.from({ length: (2 * most) / UNIT }, (_, i) =>
    configOf(family, hiddenSize, layers, UNIT * (i + 1)),
  );
  return { config: candidates.reduce((best, config) => (off(config) < off(best) ? config : best)), batchSize: 8 };
}

/** Rounds of one step of each, so that a busy machine is busy for all alike. */
export async function run(args: string[]): Promise<Record<string, unknown>> {
  const {
    'hidden-size': hiddenSize,
    layers,
    precision,
    families: asked,
    rounds,
    threads,
  } = parseOptions(args, options);
  const engine = resolveEngine({ precision });
  await useBackend(engine.backend, { precision: engine.precision, threads });
  const names = [...new Set([PEER, ...asked.split(',')])];
  const models = names.map((name) => ({ name, model: modelOf(name, hiddenSize, layers), times: [] as number[] }));
  for (let round = -1; round < rounds; round++) {
    for (const { model, times } of models) {
      const session = trainSession(model); // of one model at a time, for memory
      await session.series({ steps: 1, seconds: 0, leastSteps: 1 });
      const [time] = await session.series({ steps: 1, seconds: 0, leastSteps: 1 });
      session.dispose();
      if (round >= 0) times.push(time!); // the first round grows the kernels' buffers
    }
  }
  const active = (config: BenchModel['config']) => countActiveParameters(config);
  const [peer] = models;
  const rows = models.map(({ name, model, times }) => {
    const tokensPerSecond = tokensPerStep(model) / median(times);
    const peerTokensPerSecond = tokensPerStep(peer!.model) / median(peer!.times);
    return {
      family: name,
      activeParameters: active(model.config),
      tokensPerSecond,
      ratio: tokensPerSecond / peerTokensPerSecond,
      // Per parameter that computes a token, as inner features come in units.
      ratioOfWork: (tokensPerSecond * active(model.config)) / (peerTokensPerSecond * active(peer!.model.config)),
      kvCacheBytesPerToken: kvCacheBytesPerToken(model.config),
    };
  });
  console.log(
    `training steps, d ${hiddenSize}, ${layers} layers, ${engine.backend} ${engine.precision}, ${threads} threads`,
  );
  printTable(
    ['family', 'active parameters', 'tokens/s', 'of llama3', 'per parameter', 'KV bytes per token'],
    rows.map(({ family, activeParameters, tokensPerSecond, ratio, ratioOfWork, kvCacheBytesPerToken: bytes }) => [
      family,
      activeParameters.toLocaleString('en-US'),
      fixed(tokensPerSecond, 0),
      fixed(ratio, 2),
      fixed(ratioOfWork, 2),
      fixed(bytes, 0),
    ]),
  );
  await writeBenchTable('families', rows, { backend: engine.backend, precision: engine.precision, threads });
  const slowest = rows.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  const [ours, theirs] = [slowest.tokensPerSecond, rows[0]!.tokensPerSecond];
  return { unit: 'tokens/s', ours, peer: theirs, ratio: ours / theirs, slowest: slowest.family, families: rows };
}
