/**
 * @file Compares exported models with what other programs compute of them, family by family: transformers 5 and 4, llama.cpp, llama2.c. Random models of
 * every family are exported; each program loads them, cuts a text into tokens, predicts it, and continues it greedily.
 *
 *     PYTHON_5=… PYTHON_4=… PYTHON_LLAMA=… RUN_C=… node --import tsx scripts/parity/export.ts [variant …]
 *
 * PYTHON_5 and PYTHON_4 are Pythons with torch and transformers 5, 4; PYTHON_LLAMA one with llama-cpp-python; RUN_C a folder with llama2.c's `run` and
 * `runq`. Each may be left out. Prints a table; exits with 1 where a program differs by more than rounding.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEncoder, textBatches, trainBpe, type BpeModel } from '@arrowsmith/bpe';
import { embeddedStories } from '@arrowsmith/corpus';
import { useBackend } from '@arrowsmith/engine';
import { UserError } from '@arrowsmith/errors';
import { exportGguf, exportHuggingFace, exportLlama2c, type Exported } from '@arrowsmith/export';
import {
  decoderConfig,
  forward,
  initialWeights,
  logits as logitsOf,
  type DecoderConfig,
  type ModelParameters,
  tensorsOf,
  type Weights,
} from '@arrowsmith/model';
import { storeFloat32 } from '@arrowsmith/quantization';
import * as tf from '@tensorflow/tfjs-core';
import { $ } from 'zx';

const CONTEXT = 128;
const PREDICTED = 96;
const CONTINUED = 16;
const END = '<|endoftext|>';

type Variant = Partial<ModelParameters> & { padding?: number };

const SMALL = { hiddenSize: 64, layers: 5, heads: 4, kvHeads: 2, intermediateSize: 96 };
const GEMMA3N = {
  ...SMALL,
  family: 'gemma3n',
  perLayerEmbeddingSize: 256,
  laurelRank: 64,
  sharedKvLayers: 0,
  matformer: { granularities: 1, training: 'sample' },
} as const;
const sparse = (layers: number) => Array.from({ length: Math.min(layers, 10) }, () => 0.95);

const VARIANTS: Readonly<Record<string, Variant>> = {
  llama3: { ...SMALL, family: 'llama3', ropeTheta: 500 },
  'llama3-scaled': {
    ...SMALL,
    family: 'llama3',
    attentionBias: true,
    ffnBias: true,
    tieWordEmbeddings: false,
    ropeTheta: 500,
    ropeScaling: {
      kind: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalContextLength: 64,
    },
  },
  'llama3-yarn': {
    ...SMALL,
    family: 'llama3',
    ropeScaling: {
      kind: 'yarn',
      factor: 4,
      originalContextLength: 32,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: 1.3,
    },
  },
  'llama3-experts': { ...SMALL, family: 'llama3', moe: { experts: 4, topK: 2, intermediateSize: 40 } },
  'llama2.c': { ...SMALL, family: 'llama3', kvHeads: 4, ropeTheta: 10000 },
  mistral: { ...SMALL, family: 'mistral' },
  qwen2: { ...SMALL, family: 'qwen2' },
  qwen3: { ...SMALL, family: 'qwen3', headDim: 24 },
  'qwen3-padded': { ...SMALL, family: 'qwen3', padding: 7 },
  'qwen3-moe': { ...SMALL, family: 'qwen3-moe', moe: { experts: 4, topK: 2, intermediateSize: 40 } },
  smollm3: { ...SMALL, family: 'smollm3' },
  'command-a': { ...SMALL, family: 'command-a', logitScale: 0.25 },
  gemma2: { ...SMALL, family: 'gemma2', headDim: 24 },
  gemma3: { ...SMALL, layers: 7, family: 'gemma3', headDim: 24 },
  'gemma3-linear': {
    ...SMALL,
    family: 'gemma3',
    attentionPattern: 'SSG',
    ropeScaling: { kind: 'linear', factor: 8 },
    logitSoftCap: 20,
  },
  gemma3n: { ...GEMMA3N, activationSparsity: sparse(5) },
  'gemma3n-wide': { ...GEMMA3N, intermediateSize: 4096, activationSparsity: sparse(5) },
  'gemma3n-shared': { ...GEMMA3N, layers: 25, sharedKvLayers: 5, activationSparsity: sparse(25) },
  'gemma3n-small': { ...SMALL, family: 'gemma3n' },
  llama4: { ...SMALL, family: 'llama4', chunk: CONTEXT, ropeTheta: 500 },
  'llama4-chunks': { ...SMALL, family: 'llama4', temperatureTuning: { floorScale: 8, scale: 0.5 } },
};

/** What a program answers. */
interface Answer {
  ids: boolean;
  /** Largest difference of a logit, relative to the largest logit. */
  difference?: number;
  greedy: boolean;
  perplexity?: number;
}

async function main(names: readonly string[]): Promise<boolean> {
  await useBackend('native', { precision: 'f32' });
  const stories = [...embeddedStories({ stories: 200, seed: 1 })];
  const tokenizer = await trainBpe(textBatches(stories), {
    vocabularySize: 512,
    pattern: 'llama3',
    specialTokens: [END],
  });
  const text = [...embeddedStories({ stories: 3, seed: 7 })].join(' ');
  const programs = programsOf();
  console.log(`| model | ours: perplexity | ${programs.map(({ name }) => name).join(' | ')} |`);
  console.log(`| --- | ---: | ${programs.map(() => '---').join(' | ')} |`);
  let isRight = true;
  for (const name of names) {
    const folder = mkdtempSync(join(tmpdir(), 'export-'));
    try {
      const { exported, perplexity } = await prepare(folder, VARIANTS[name] ?? {}, tokenizer, text);
      const cells: string[] = [];
      for (const program of programs) {
        const { cell, right } = await compare(program, folder, exported, perplexity);
        isRight &&= right;
        cells.push(cell);
      }
      console.log(`| ${name} | ${perplexity.toFixed(3)} | ${cells.join(' | ')} |`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return isRight;
}

/** A random model, and what this project computes of it, in `expected.json` and `logits.bin`. */
async function prepare(folder: string, { padding = 0, ...parameters }: Variant, tokenizer: BpeModel, text: string) {
  const sizes = { vocabularySize: tokenizer.vocabulary.length + padding, contextLength: CONTEXT };
  const config = decoderConfig(parameters as ModelParameters, sizes);
  const weights = randomWeights(config);
  const encoder = createEncoder(tokenizer);
  const end = tokenizer.specialTokens[0]!.id;
  const ids = [end, ...encoder.encode(text)].slice(0, PREDICTED);
  const shown = encoder.decode(ids.slice(1));
  const tensors = tensorsOf(weights);
  const predict = (sequence: readonly number[]): Float32Array =>
    tf.tidy(() => {
      const input = tf.tensor2d([[...sequence]], [1, sequence.length], 'int32');
      return logitsOf(config, tensors, forward(config, tensors, input)).dataSync<'float32'>();
    });
  const values = predict(ids);
  const continuationOf = (prompt: readonly number[]): number[] => {
    const continued = [...prompt];
    while (continued.length < prompt.length + CONTINUED) {
      const last = predict(continued).subarray(-config.vocabularySize);
      continued.push(last.indexOf(Math.max(...last)));
    }
    return continued.slice(prompt.length);
  };
  const greedy = continuationOf(ids);
  const unprompted = encoder.decode(continuationOf([end]));
  tf.dispose(tensors);
  const perplexity = perplexityOf(values, ids, config.vocabularySize);
  writeFileSync(join(folder, 'logits.bin'), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  const expected = { text: shown, ids, greedy, unprompted, end };
  writeFileSync(join(folder, 'expected.json'), JSON.stringify(expected));
  const exported: Exported = {
    config,
    names: Object.keys(weights),
    read: (name) => storeFloat32(weights[name]!),
    tokenizer,
    endOfText: END,
  };
  return { exported, perplexity };
}

/** Weights with which every part shows: matrices that keep the size of what they map, vectors that are not their neutral value. */
function randomWeights(config: DecoderConfig): Weights {
  const weights = initialWeights(config, 3);
  const deviation = config.initialization.deviation || 1;
  for (const [name, { shape, data }] of Object.entries(weights)) {
    const columns = shape.at(-1)!;
    const noise = initialWeights({ ...config, initialization: { ...config.initialization, scaleResidual: false } }, 9)[
      name
    ]!;
    for (let i = 0; i < data.length; i++) {
      // Gemma 3n's scores are not divided by the root of a head's size.
      if (/[qk]_norm/.test(name) && config.family === 'gemma3n') data[i] = 0.5 + 0.1 * Math.sin(12.9898 * (i + 1));
      else if (shape.length === 1) data[i] = data[i]! + 0.3 * Math.sin(12.9898 * (i + 1) + name.length);
      else if (name.includes('embed_tokens')) data[i] = (0.2 * noise.data[i]!) / deviation;
      else if (name.includes('_coefs')) data[i] = (0.2 * noise.data[i]!) / deviation;
      else data[i] = (1.3 * noise.data[i]!) / deviation / Math.sqrt(columns);
    }
  }
  return weights;
}

function perplexityOf(values: Float32Array, ids: readonly number[], vocabulary: number): number {
  let nats = 0;
  for (let i = 0; i + 1 < ids.length; i++) {
    const row = values.subarray(i * vocabulary, (i + 1) * vocabulary);
    const most = Math.max(...row);
    const sum = row.reduce((total, value) => total + Math.exp(value - most), 0);
    nats += most + Math.log(sum) - row[ids[i + 1]!]!;
  }
  return Math.exp(nats / (ids.length - 1));
}

interface Program {
  name: string;
  /** Largest difference of logits that rounding explains; none where numbers are rounded on purpose. */
  most?: ((config: DecoderConfig) => number) | undefined;
  prepare(folder: string, model: Exported): Promise<unknown>;
  run(folder: string): Promise<Answer>;
}

/**
 * llama.cpp looks GELU up in a table of half-precision numbers, whose fraction has 10 bits; where gates are cut off, which features are on may depend on
 * that.
 */
function llamaCppRounding({ layers }: DecoderConfig): number {
  if (layers.some(({ ffn }) => ffn.kind === 'dense' && ffn.sparsity > 0)) return 2e-2;
  return layers.some(({ ffn }) => ffn.activation === 'gelu-tanh') ? 2e-3 : 1e-5;
}

function programsOf(): Program[] {
  const { PYTHON_5: five, PYTHON_4: four, PYTHON_LLAMA: llama, RUN_C: runC } = process.env;
  const peer = join(import.meta.dirname, 'export.py');
  const ask = async (python: string, ...args: string[]): Promise<Answer> =>
    JSON.parse((await $({ quiet: true })`${python} ${peer} ${args}`).stdout.trim().split('\n').at(-1)!) as Answer;
  const huggingFace = (name: string, python: string): Program => ({
    name,
    most: ({ layers }) => (layers.length < 20 ? 1e-5 : 1e-4), // a deep random model grows what versions 4 and 5 round differently
    prepare: async (folder, model) => {
      mkdirSync(join(folder, 'hf'), { recursive: true });
      await exportHuggingFace(join(folder, 'hf'), model, 'f32');
    },
    run: (folder) => ask(python, 'transformers', folder),
  });
  const gguf = (python: string, format: string): Program => ({
    name: `llama.cpp, ${format}`,
    most: format === 'f32' ? llamaCppRounding : undefined,
    prepare: (folder, model) => exportGguf(join(folder, 'model.gguf'), model, format, { name: 'parity' }),
    run: (folder) => ask(python, 'llama', folder),
  });
  const llama2c = (folderOfC: string, precision: 'f32' | 'int8', program: string): Program => ({
    name: `llama2.c, ${program}`,
    prepare: (folder, model) => exportLlama2c(folder, model, precision),
    run: (folder) => ask(five ?? llama ?? 'python3', 'llama2c', folder, join(folderOfC, program)),
  });
  return [
    ...(five ? [huggingFace('transformers 5', five)] : []),
    ...(four ? [huggingFace('transformers 4', four)] : []),
    ...(llama
      ? (process.env['FORMATS'] ?? 'f32 f16 bf16 Q8_0 Q4_K').split(' ').map((format) => gguf(llama, format))
      : []),
    ...(runC && existsSync(runC) ? [llama2c(runC, 'f32', 'run'), llama2c(runC, 'int8', 'runq')] : []),
  ];
}

async function compare(program: Program, folder: string, model: Exported, perplexity: number) {
  try {
    await program.prepare(folder, model);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { cell: 'refused', right: true };
  }
  const answer = await program.run(folder).catch((error: Error) => error);
  if (answer instanceof Error) {
    console.error(`${program.name}: ${answer.message}`);
    return { cell: '**fails**', right: false };
  }
  const { ids, difference, greedy, perplexity: theirs } = answer;
  const ratio = theirs === undefined ? undefined : theirs / perplexity - 1;
  const isExact =
    program.most === undefined ||
    ((difference ?? 0) <= program.most(model.config) && greedy && Math.abs(ratio ?? 0) < 1e-3);
  const cell = [
    ids ? '' : 'other tokens',
    difference === undefined ? '' : difference.toExponential(1),
    greedy ? 'same text' : 'other text',
    ratio === undefined ? '' : `${ratio < 0 ? '−' : '+'}${(100 * Math.abs(ratio)).toFixed(3)} %`,
    isExact ? '' : '**wrong**',
  ];
  return { cell: cell.filter((part) => part !== '').join(', '), right: isExact && ids };
}

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in VARIANTS));
if (unknown !== undefined) {
  console.error(`no variant ${unknown}; there are ${Object.keys(VARIANTS).join(', ')}`);
  process.exit(2);
}
process.exit((await main(asked.length === 0 ? Object.keys(VARIANTS) : asked)) ? 0 : 1);
