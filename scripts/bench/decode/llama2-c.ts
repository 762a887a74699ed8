/** @file The peer run.c of llama2.c (https://github.com/karpathy/llama2.c), compiled from the source that LLAMA2_C names, on the same weights as ours. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { DecoderConfig, Weights } from '@arrowsmith/model';
import { $ } from 'zx';

/** Compiles run.c as its makefile's fastest target does. @returns the program */
export async function compileRunC(source: string, folder: string): Promise<string> {
  const program = join(folder, 'run');
  await $({ quiet: true })`gcc -Ofast -fopenmp -march=native ${source} -lm -o ${program}`;
  return program;
}

/** Writes a model in the layout of llama2.c's version 0, and a tokenizer of as many tokens. @returns their files */
export function writeRunCModel(
  config: DecoderConfig,
  weights: Weights,
  folder: string,
): [model: string, tokens: string] {
  const { hiddenSize, vocabularySize, contextLength, layers } = config;
  const [{ attention, ffn }] = layers as [DecoderConfig['layers'][number]];
  const { heads, kvHeads, headDim } = attention;
  const model = join(folder, 'model.bin');
  const file = openSync(model, 'w');
  const sizes = [hiddenSize, ffn.intermediateSize, layers.length, heads, kvHeads, vocabularySize, contextLength];
  writeSync(file, Int32Array.from(sizes));
  const put = (name: string) => writeSync(file, weights[name]!.data);
  const putOfLayers = (name: string) => layers.forEach((_, layer) => put(`model.layers.${layer}.${name}.weight`));
  put('model.embed_tokens.weight');
  putOfLayers('input_layernorm');
  for (const projection of ['q_proj', 'k_proj', 'v_proj', 'o_proj']) putOfLayers(`self_attn.${projection}`);
  putOfLayers('post_attention_layernorm');
  for (const projection of ['gate_proj', 'down_proj', 'up_proj']) putOfLayers(`mlp.${projection}`);
  put('model.norm.weight');
  writeSync(file, new Float32Array(contextLength * headDim)); // rotary tables, which are skipped
  closeSync(file);

  const tokens = join(folder, 'tokenizer.bin');
  const pieces = Array.from({ length: vocabularySize }, (_, id) => {
    const text = Buffer.from(id < 259 ? `<${id}>` : `t${id} `);
    const head = Buffer.alloc(8);
    head.writeInt32LE(text.length, 4);
    return Buffer.concat([head, text]);
  });
  const longest = Buffer.alloc(4);
  longest.writeInt32LE(16);
  writeFileSync(tokens, Buffer.concat([longest, ...pieces]));
  return [model, tokens];
}

/** Tokens a second, as it says itself. */
export async function runC(program: string, [model, tokens]: [string, string], threads: number): Promise<number> {
  const env = { ...process.env, OMP_NUM_THREADS: String(threads) };
  const { stderr } = await $({ quiet: true, env })`${program} ${model} -z ${tokens} -t 0 -n 256`;
  const rate = /tok\/s: ([\d.]+)/.exec(stderr)?.[1];
  if (rate === undefined) throw new Error(`run.c says no rate: ${stderr}`);
  return Number(rate);
}
