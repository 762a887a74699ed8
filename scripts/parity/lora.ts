/**
 * @file Compares adapters with PEFT's, family by family. Random models are exported with random adapters; PEFT loads both, and computes logits. Then PEFT
 * makes an adapter, which is imported.
 *
 *     PYTHON=… node --import tsx scripts/parity/lora.ts [variant …]
 *     PYTHON=… node --import tsx scripts/parity/lora.ts --fixture
 *
 * PYTHON is one with torch, transformers and peft. Prints a table; exits with 1 where logits differ by more than rounding. `--fixture` writes
 * test/fixtures/peft, an adapter that PEFT made.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@arrowsmith/engine';
import { PEFT_FILES, readPeftAdapter, writeHuggingFaceModel, writePeftAdapter } from '@arrowsmith/formats';
import {
  adapterConfig,
  adapterShapes,
  adaptParameters,
  decoderConfig,
  forward,
  freezeParameters,
  initialAdapters,
  initialWeights,
  logits as logitsOf,
  mergedMatrix,
  modelParameters,
  type AdapterConfig,
  type DecoderConfig,
  type ModelParameters,
  type Parameters,
  tensorsOf,
  type Weights,
} from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { $ } from 'zx';

const SMALL = { hiddenSize: 64, layers: 4, heads: 4, kvHeads: 2, intermediateSize: 96, initializerRange: 0.1 };
const SIZES = { vocabularySize: 300, contextLength: 64 };
const TOKENS = 48;
/** Of logits around 1, by float32 sums of some hundred terms in other orders, through four layers. */
const TOLERANCE = 2e-4;

const VARIANTS: Readonly<Record<string, Partial<ModelParameters>>> = {
  llama3: { family: 'llama3' },
  qwen2: { family: 'qwen2' },
  qwen3: { family: 'qwen3' },
  'qwen3-moe': { family: 'qwen3-moe' },
  llama4: { family: 'llama4' },
  'command-a': { family: 'command-a' },
  gemma2: { family: 'gemma2' },
  gemma3: { family: 'gemma3' },
  gemma3n: { family: 'gemma3n', laurelRank: 8, matformer: { granularities: 1, training: 'sample' } },
  smollm3: { family: 'smollm3' },
};

interface Answer {
  base: number[];
  adapted: number[];
  modules: string[];
  missing: string[];
}

async function ask(command: readonly string[]): Promise<Answer> {
  const { stdout } = await $({
    quiet: true,
  })`${process.env['PYTHON'] ?? 'python3'} ${import.meta.dirname}/lora.py ${command}`;
  return JSON.parse(stdout) as Answer;
}

const logits = (config: DecoderConfig, parameters: Parameters, ids: readonly number[]): Float32Array =>
  tf.tidy(() =>
    logitsOf(config, parameters, forward(config, parameters, tf.tensor2d([[...ids]], undefined, 'int32')))
      .dataSync<'float32'>()
      .slice(),
  );

/** Of a model with an adapter beside it, and of one with it added. */
function ours(config: DecoderConfig, base: Weights, adapters: AdapterConfig, own: Weights, ids: readonly number[]) {
  const beside = adaptParameters(config, adapters, freezeParameters(config, tensorsOf(base)), tensorsOf(own));
  const merged = { ...base };
  for (const { matrix, a, b } of adapterShapes(config, adapters)) {
    merged[matrix.name] = mergedMatrix(adapters, base[matrix.name]!, own[a.name]!.data, own[b.name]!.data);
  }
  return { beside: logits(config, beside, ids), merged: logits(config, tensorsOf(merged), ids) };
}

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? largest(Array.from(a, (x, i) => x - b[i]!)) : Infinity;

const idsOf = (count: number, vocabulary: number) =>
  Array.from({ length: count }, (_, i) => (7 * i * i + 3 * i + 1) % vocabulary);

async function compare(name: string, folder: string): Promise<boolean> {
  const config = decoderConfig(modelParameters.parse({ ...SMALL, ...VARIANTS[name] }), SIZES);
  const base = initialWeights(config, 3);
  const adapters = adapterConfig(config, { rank: 4, alpha: 6, projections: 'all' }, 'adapt');
  const own = Object.fromEntries(
    Object.entries(initialAdapters(config, adapters, 5)).map(([key, { shape, data }]) => [
      key,
      { shape, data: data.map((x, i) => x + 0.2 * Math.sin(1 + 1.7 * i)) },
    ]),
  );
  const ids = idsOf(TOKENS, SIZES.vocabularySize);
  const [baseFolder, adapterFolder, theirs] = ['base', 'adapter', 'theirs'].map((each) => join(folder, name, each)) as [
    string,
    string,
    string,
  ];
  for (const each of [baseFolder, adapterFolder, theirs]) mkdirSync(each, { recursive: true });
  await writeHuggingFaceModel(baseFolder, { config, weights: base, type: 'f32', tokens: {} });
  await writePeftAdapter(adapterFolder, { config, adapters, weights: own, type: 'f32' });
  const idsFile = join(folder, name, 'ids.json');
  writeFileSync(idsFile, JSON.stringify(ids));

  const answer = await ask(['load', baseFolder, adapterFolder, idsFile]);
  const { beside, merged } = ours(config, base, adapters, own, ids);
  const ofBase = difference(logits(config, tensorsOf(base), ids), answer.base);
  const [ofBeside, ofMerged] = [difference(beside, answer.adapted), difference(merged, answer.adapted)];
  const changed = difference(answer.base, answer.adapted);
  const isSame = answer.modules.length === Object.keys(own).length && answer.missing.length === 0;

  const targets = adapters.projections.filter((each) => each.endsWith('_proj') && /^[qvo]/.test(each));
  const made = await ask(['make', baseFolder, theirs, idsFile, '4', '6', targets.join()]);
  const read = await readPeftAdapter(theirs, config);
  const ofTheirs = difference(ours(config, base, read.adapters, read.weights, ids).beside, made.adapted);

  const scale = largest(answer.adapted);
  const isGood =
    [ofBase, ofBeside, ofMerged, ofTheirs].every((each) => each < TOLERANCE * scale) && isSame && changed > 0.1;
  const digits = (x: number) => x.toExponential(1).padStart(9);
  console.log(
    `${name.padEnd(12)}${digits(ofBase)}${digits(ofBeside)}${digits(ofMerged)}${digits(ofTheirs)}${digits(changed)}${digits(scale)}  ${answer.modules.length} tensors${isGood ? '' : `  DIFFERS ${answer.missing.join()}`}`,
  );
  return isGood;
}

/** A model of a few numbers, of which the fixture's adapter is. The test makes the same. */
async function writeFixture(folder: string): Promise<void> {
  const config = decoderConfig(
    modelParameters.parse({
      family: 'llama3',
      hiddenSize: 16,
      layers: 2,
      heads: 4,
      kvHeads: 2,
      intermediateSize: 24,
      initializerRange: 0.2,
    }),
    { vocabularySize: 23, contextLength: 12 },
  );
  const [base, adapter] = [join(folder, 'base'), join(folder, 'adapter')];
  for (const each of [base, adapter]) mkdirSync(each);
  await writeHuggingFaceModel(base, { config, weights: initialWeights(config, 3), type: 'f32', tokens: {} });
  const ids = idsOf(8, 23);
  writeFileSync(join(folder, 'ids.json'), JSON.stringify(ids));
  const { adapted } = await ask(['make', base, adapter, join(folder, 'ids.json'), '2', '3', 'q_proj,v_proj,down_proj']);
  const target = join(import.meta.dirname, '../../test/fixtures/peft');
  mkdirSync(target, { recursive: true });
  cpSync(join(adapter, PEFT_FILES.tensors), join(target, PEFT_FILES.tensors));
  const json = JSON.parse(readFileSync(join(adapter, PEFT_FILES.config), 'utf8')) as object;
  const named = { ...json, base_model_name_or_path: 'base' };
  writeFileSync(join(target, PEFT_FILES.config), `${JSON.stringify(named, null, 2)}\n`);
  writeFileSync(
    join(target, 'logits.json'),
    `${JSON.stringify({ ids, logits: adapted.map((x) => Math.fround(x)) })}\n`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'parity-lora-'));
try {
  await useBackend('native', { precision: 'f32' });
  const asked = process.argv.slice(2);
  if (asked.includes('--fixture')) await writeFixture(folder);
  else {
    console.log(
      'largest difference of logits from PEFT’s: the base, an adapter beside it, added to it, one that PEFT made; what it changes; the largest logit',
    );
    for (const name of asked.length > 0 ? asked : Object.keys(VARIANTS)) {
      if (!(await compare(name, folder))) process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
