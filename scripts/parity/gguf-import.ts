/**
 * @file Compares models with what is imported of the GGUF files that llama.cpp's own converter makes of their Hugging Face folders: weights are the same bit
 * for bit, and so are the choices.
 *
 *     LLAMA_CPP=<llama.cpp's sources> PYTHON=<with torch and transformers 4> node --import tsx scripts/parity/gguf-import.ts [model …]
 *     … scripts/parity/gguf-import.ts --fixture      makes test/fixtures/gguf again, a folder and its file
 *
 * Prints a table; exits with 1 where something differs.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textBatches, trainBpe, type BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { exportHuggingFace } from '@arrowsmith/export';
import { differences, ggufModel, openGguf } from '@arrowsmith/formats';
import {
  decoderConfig,
  initialWeights,
  type DecoderConfig,
  type ModelParameters,
  type Weights,
} from '@arrowsmith/model';
import { decodeStored, storeFloat32 } from '@arrowsmith/quantization';
import { bfloat16ToFloat32, float32ToBfloat16 } from '@arrowsmith/quantization/half-precision';
import { $ } from 'zx';

const CONTEXT = 128;
const END = '<|end_of_text|>';
const TEXTS = ['The small cats sat on mats and sang.', 'The cats sang on the mats; 1234 cats.'];
const FIXTURE = 'test/fixtures/gguf';

const python = process.env['PYTHON'] ?? 'python3';
const convert = (folder: string, file: string, type: string, ...pre: string[]) =>
  $({ quiet: true })`${python} scripts/parity/gguf-import.py ${folder} ${file} ${type} ${pre}`;

/** A small Llama with stretched positions. Weights are numbers of bfloat16; vectors are not their neutral value. */
async function smallModel(): Promise<{ config: DecoderConfig; weights: Weights; tokenizer: BpeModel }> {
  const tokenizer = await trainBpe(textBatches(TEXTS), {
    vocabularySize: 270,
    pattern: 'llama3',
    specialTokens: ['<|begin_of_text|>', END],
  });
  const parameters = {
    family: 'llama3',
    hiddenSize: 16,
    layers: 2,
    heads: 2,
    kvHeads: 1,
    headDim: 8,
    intermediateSize: 24,
    ropeTheta: 10,
    ropeScaling: {
      kind: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalContextLength: 32,
    },
  } as ModelParameters;
  const config = decoderConfig(parameters, { vocabularySize: tokenizer.vocabulary.length, contextLength: 64 });
  const weights = initialWeights(config, 1);
  for (const [name, tensor] of Object.entries(weights)) {
    if (tensor.shape.length === 1) tensor.data = tensor.data.map((value, i) => value + 0.25 * Math.sin(12.9898 * i));
    weights[name] = { ...tensor, data: bfloat16ToFloat32(float32ToBfloat16(tensor.data)) };
  }
  return { config, weights, tokenizer };
}

async function makeFixture(): Promise<void> {
  const { config, weights, tokenizer } = await smallModel();
  mkdirSync(FIXTURE, { recursive: true });
  const read = (name: string) => storeFloat32(weights[name]!);
  const model = { config, names: Object.keys(weights), read, tokenizer, endOfText: END };
  await exportHuggingFace(FIXTURE, model, 'bf16');
  await convert(FIXTURE, join(FIXTURE, 'llama3.gguf'), 'bf16', 'smaug-bpe');
}

const SMALL = { hiddenSize: 64, layers: 5, heads: 4, kvHeads: 2, intermediateSize: 96 };

/** Models that llama.cpp computes, one of each architecture. */
const VARIANTS: Readonly<Record<string, Partial<ModelParameters>>> = {
  llama3: { ...SMALL, family: 'llama3', tieWordEmbeddings: false, attentionBias: true },
  'llama3-yarn': {
    ...SMALL,
    family: 'llama3',
    ropeScaling: { kind: 'yarn', factor: 4, originalContextLength: 32, betaFast: 32, betaSlow: 1 },
  },
  llama4: { ...SMALL, family: 'llama4', chunk: CONTEXT },
  qwen2: { ...SMALL, family: 'qwen2' },
  qwen3: { ...SMALL, family: 'qwen3', headDim: 24 },
  'qwen3-moe': { ...SMALL, family: 'qwen3-moe', moe: { experts: 4, topK: 2, intermediateSize: 40 } },
  smollm3: { ...SMALL, family: 'smollm3' },
  'command-a': { ...SMALL, family: 'command-a', logitScale: 0.25 },
  gemma2: { ...SMALL, family: 'gemma2' },
  gemma3: { ...SMALL, layers: 7, family: 'gemma3', headDim: 24 },
  gemma3n: {
    ...SMALL,
    family: 'gemma3n',
    perLayerEmbeddingSize: 256,
    laurelRank: 64,
    sharedKvLayers: 0,
    activationSparsity: Array.from({ length: 5 }, () => 0.95),
    matformer: { granularities: 1, training: 'sample' },
  },
};

/** What a variant's file and its folder differ in; undefined where in nothing. */
async function compare(parameters: Partial<ModelParameters>): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'gguf-import-'));
  try {
    const { tokenizer } = await smallModel();
    const sizes = { vocabularySize: tokenizer.vocabulary.length, contextLength: CONTEXT };
    const config = decoderConfig(parameters as ModelParameters, sizes);
    const weights = initialWeights(config, 3);
    for (const { data } of Object.values(weights))
      data.forEach((value, i) => (data[i] = value + 0.1 * Math.sin(12.9898 * i)));
    const read = (name: string) => storeFloat32(weights[name]!);
    const model = { config, names: Object.keys(weights), read, tokenizer, endOfText: END };
    await exportHuggingFace(folder, model, 'f32');
    if (config.family === 'command-a') writeField(join(folder, 'config.json'), 'rotary_pct', 1); // the converter asks for it
    const file = join(folder, 'model.gguf');
    await convert(folder, file, 'f32', 'smaug-bpe');
    const imported = ggufModel(openGguf(file));
    const other = differences(imported.config, config);
    if (other.length > 0) return other.join('; ');
    const wrong: string[] = [];
    for (const [parameter, { data }] of Object.entries(weights)) {
      const own = decodeStored(imported.read(parameter));
      const largest = data.reduce((most, value, i) => Math.max(most, Math.abs(value - (own[i] ?? NaN))), 0);
      // Of norms that are stored with 1 added, what is below its rounding is lost.
      if (!(largest <= (config.norm.unitOffset && parameter.endsWith('norm.weight') ? 2 ** -24 : 0))) {
        wrong.push(`${parameter} by ${largest.toExponential(1)}`);
      }
    }
    return wrong.length === 0 ? undefined : `${wrong.slice(0, 3).join(', ')}; ${wrong.length} in all`;
  } catch (error) {
    if (error instanceof UserError) return `refused: ${error.message.replaceAll(/\s*\n\s*/g, '; ')}`;
    return `not converted: ${
      String(error)
        .trim()
        .split('\n')
        .findLast((line) => /Error/.test(line)) ?? ''
    }`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeField(path: string, field: string, value: unknown): void {
  const json = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...json, [field]: value }));
}

const asked = process.argv.slice(2);
if (asked.includes('--fixture')) await makeFixture();
else {
  console.log('| model | the same after conversion by llama.cpp |\n| --- | --- |');
  for (const [name, parameters] of Object.entries(VARIANTS)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const wrong = await compare(parameters);
    if (wrong !== undefined) process.exitCode = 1;
    console.log(`| ${name} | ${wrong ?? 'yes, bit for bit'} |`);
  }
}
