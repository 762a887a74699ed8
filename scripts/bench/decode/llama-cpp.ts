/** @file The peer llama.cpp (https://github.com/ggml-org/llama.cpp), where the Python at hand has PyPI's llama-cpp-python, on the same weights as ours. */
import { join } from 'node:path';
import type { BpeModel } from '@arrowsmith/bpe';
import { exportGguf } from '@arrowsmith/export';
import type { DecoderConfig, Weights } from '@arrowsmith/model';
import { storeFloat32 } from '@arrowsmith/quantization';
import { $ } from 'zx';
import { python } from '../torch-peer.ts';

/** Whether the Python has llama.cpp. */
export async function hasLlamaCpp(): Promise<boolean> {
  return (await $({ quiet: true, nothrow: true })`${python()} -c ${'import llama_cpp, numpy'}`).exitCode === 0;
}

/** Writes a model in float32 as a GGUF file, with a tokenizer of as many tokens. @returns the file */
export async function writeLlamaCppModel(config: DecoderConfig, weights: Weights, folder: string): Promise<string> {
  const file = join(folder, 'model.gguf');
  const exported = {
    config,
    names: Object.keys(weights),
    read: (name: string) => storeFloat32(weights[name]!),
    tokenizer: pairsOfBytes(config.vocabularySize),
    endOfText: END,
  };
  await exportGguf(file, exported, 'f32', { name: 'benchmark' });
  return file;
}

/** Tokens a second of one text. */
export async function llamaCpp(file: string, threads: number, tokens: number): Promise<number> {
  const script = join(import.meta.dirname, 'llama-cpp.py');
  const { stdout } = await $({ quiet: true })`${python()} ${script} ${file} ${threads} ${tokens}`;
  return Number(stdout.trim().split('\n').at(-1));
}

const END = '<|endoftext|>';

/** Bytes, pairs of bytes, and what ends a text: `size` tokens, up to 65,793. */
function pairsOfBytes(size: number): BpeModel {
  const pairs = Array.from({ length: size - 257 }, (_, i) => [i >> 8, i & 255] as [number, number]);
  return {
    vocabulary: [
      ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
      ...pairs.map((pair) => Uint8Array.from(pair)),
      new TextEncoder().encode(END),
    ],
    merges: pairs,
    pattern: 'gpt2',
    specialTokens: [{ content: END, id: size - 1 }],
  };
}
