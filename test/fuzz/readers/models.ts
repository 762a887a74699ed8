/** @file Fuzzes the readers of whole models: GGUF with the tokenizer within it, llama2.c, and this project's own weights, some of them in planes. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { weightBatches, weightsTable, writeTable } from '@arrowsmith/artifacts';
import { createEncoder, textBatches, toTokenizerJson, trainBpe, type BpeModel } from '@arrowsmith/bpe';
import { exportGguf, exportLlama2c, type Exported } from '@arrowsmith/export';
import { openForeignModel, readForeignTokenizer, recognizeModel, tokenizerFileOf } from '@arrowsmith/import';
import { decoderConfig, initialWeights, type ModelParameters } from '@arrowsmith/model';
import { decodeStored, storeAs, storeAsPlanes, storeFloat32 } from '@arrowsmith/quantization';
import { planesCodec } from '@arrowsmith/quantization/planes';
import type { Fuzzer } from '../harness.ts';

const END = '<|endoftext|>';
const TEXT = 'The bird’s 2024 nest é漢字 <|endoftext|>';

const tokenizerOf = (): Promise<BpeModel> =>
  trainBpe(textBatches(['The small cats sat on mats and sang.', 'The cats sang on the mats; 1234 cats.']), {
    vocabularySize: 265,
    pattern: 'llama3',
    specialTokens: [END],
  });

/** A model of random weights, with what exports need of it. */
async function modelOf(parameters: Partial<ModelParameters>, quantized?: string): Promise<Exported> {
  const tokenizer = await tokenizerOf();
  const sizes = { hiddenSize: 32, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 32, ...parameters };
  const config = decoderConfig(sizes as ModelParameters, { vocabularySize: 266, contextLength: 16 });
  const weights = initialWeights(config, 1);
  const read = (name: string) => {
    const tensor = weights[name]!;
    return quantized === undefined || tensor.shape.length < 2 ? storeFloat32(tensor) : storeAs(quantized, tensor, name);
  };
  return { config, names: Object.keys(weights), read, tokenizer, endOfText: END };
}

/** Reads what a program would: the model by what it is, all its weights, a text by its tokenizer. */
async function readModel(path: string): Promise<unknown> {
  const source = await recognizeModel(path);
  const { tokenizer, endOfText } = await readForeignTokenizer(tokenizerFileOf(source));
  const model = await openForeignModel(source, tokenizer);
  const weights = model.names.map((name) => {
    const stored = model.read(name);
    return [name, stored.shape, stored.format, decodeStored(stored).length];
  });
  return [model.config, weights, endOfText, createEncoder(tokenizer).encode(TEXT)];
}

const gguf: Fuzzer = {
  name: 'gguf',
  async prepare(folder) {
    cpSync(join(import.meta.dirname, '../../fixtures/gguf/llama3.gguf'), join(folder, 'llama3.gguf'));
    const options = { name: 'fuzzed' };
    await exportGguf(join(folder, 'gemma3.gguf'), await modelOf({ family: 'gemma3' }, 'Q8_0'), undefined, options);
    const moe = { experts: 2, topK: 1, intermediateSize: 8 };
    await exportGguf(join(folder, 'qwen3moe.gguf'), await modelOf({ family: 'qwen3-moe', moe }), 'f16', options);
    const paths = ['llama3', 'gemma3', 'qwen3moe'].map((name) => join(folder, `${name}.gguf`));
    return {
      files: paths.map((path) => ({ path, kind: 'bytes' as const })),
      read: () => Promise.all(paths.map(readModel)),
    };
  },
};

/** The same, of the header alone: its beginning, where most of what can be wrong is, with nothing behind it. */
const ggufHeader: Fuzzer = {
  name: 'gguf-header',
  async prepare(folder) {
    const path = join(folder, 'small.gguf');
    const { writeGguf } = await import('@arrowsmith/formats');
    await writeGguf(path, {
      metadata: {
        'general.architecture': { type: 'string', value: 'llama' },
        texts: { type: 'array', of: 'string', value: ['a', 'bc'] },
        numbers: { type: 'array', of: 'uint32', value: [1, 2, 3] },
        flag: { type: 'bool', value: true },
      },
      tensors: ['a', 'b'].map((name) => ({ name, shape: [2, 3], format: 'f32', bytes: new Uint8Array(24) })),
    });
    return {
      files: [{ path, kind: 'bytes' }],
      async read() {
        const { openGguf } = await import('@arrowsmith/formats');
        const file = openGguf(path);
        return [[...file.metadata], [...file.tensors.keys()].map((name) => file.read(name))];
      },
    };
  },
};

const llama2c: Fuzzer = {
  name: 'llama2c',
  async prepare(folder) {
    const model = await modelOf({ family: 'llama3', hiddenSize: 8, heads: 2, layers: 1, intermediateSize: 8 });
    const folders = (['f32', 'int8'] as const).map((precision) => ({ precision, path: join(folder, precision) }));
    for (const { precision, path } of folders) {
      mkdirSync(path);
      await exportLlama2c(path, model, precision);
    }
    return {
      files: folders.flatMap(({ path }) =>
        ['model.bin', 'tokenizer.bin'].map((name) => ({ path: join(path, name), kind: 'bytes' as const })),
      ),
      read: () => Promise.all(folders.map(({ path }) => readModel(join(path, 'model.bin')))),
    };
  },
};

const planes: Fuzzer = {
  name: 'planes',
  async prepare(folder) {
    const model = await modelOf({ family: 'llama3', layers: 1 });
    const codec = await planesCodec();
    const tensors = Object.fromEntries(model.names.map((name) => [name, storeAsPlanes(codec, model.read(name))]));
    const path = join(folder, 'weights.arrow');
    await writeTable(path, weightsTable, { config: JSON.stringify(model.config) }, weightBatches(tensors));
    writeFileSync(join(folder, 'tokenizer.json'), toTokenizerJson(model.tokenizer));
    return { files: [{ path, kind: 'bytes' }], read: () => readModel(path) };
  },
};

export const models: readonly Fuzzer[] = [gguf, ggufHeader, llama2c, planes];
