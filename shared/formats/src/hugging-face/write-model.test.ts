/** @file Tests of Hugging Face folders that are written: they are read as the same model, to the bit. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decoderConfig, families, initialWeights, type ModelParameters, type Weights } from '@arrowsmith/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSafetensors } from '../read-safetensors.ts';
import { differences } from '../differences.ts';
import { readHuggingFaceModel } from './read-model.ts';
import { writeHuggingFaceModel } from './write-model.ts';

const FIXTURES = 'test/fixtures/families';
const tokens = { bos_token_id: 0, eos_token_id: 0 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'write-model-'));
});
afterEach(() => rm(folder, { recursive: true }));

const small = { hiddenSize: 32, layers: 6, heads: 4, kvHeads: 2, intermediateSize: 48 };

/** The names of the tensors that only one has, or that differ in a bit. */
function different(one: Weights, other: Weights): string[] {
  const bytes = (weights: Weights, name: string): Uint8Array => {
    const { buffer, byteOffset, byteLength } = weights[name]?.data ?? new Float32Array(1).fill(NaN);
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.filter((name) => {
    const sameShape = one[name]?.shape.join() === other[name]?.shape.join();
    return !sameShape || Buffer.compare(bytes(one, name), bytes(other, name)) !== 0;
  });
}

describe('written and read again, a model is the same to the bit:', () => {
  test.each(Object.keys(families))('%s', async (family) => {
    const parameters = { ...small, family } as ModelParameters;
    const config = decoderConfig(parameters, { vocabularySize: 70, contextLength: 32 });
    const weights = initialWeights(config, 5);
    await writeHuggingFaceModel(folder, { config, weights, type: 'f32', tokens });
    const again = await readHuggingFaceModel(folder);
    expect(differences(again.config, config)).toEqual([]);
    expect(different(again.weights, weights)).toEqual([]);
  });

  // Of what transformers itself wrote, the tensors are those of its file: same names, same shapes, same bytes. Two store matrices otherwise.
  const others = ['phi3', 'llama3-bfloat16', 'qwen3-moe', 'qwen3-moe-mixed', 'qwen3-moe-sharded'];
  test.each(readdirSync(FIXTURES).filter((name) => !others.includes(name)))(
    'the file of transformers, %s',
    async (name) => {
      const { config, weights } = await readHuggingFaceModel(join(FIXTURES, name));
      await writeHuggingFaceModel(folder, { config, weights, type: 'f32', tokens });
      const [ours, theirs] = await Promise.all(
        [folder, join(FIXTURES, name)].map((where) => openSafetensors(join(where, 'model.safetensors'))),
      );
      expect([...ours!.tensors.keys()].sort()).toEqual([...theirs!.tensors.keys()].sort());
      for (const tensor of ours!.tensors.keys()) {
        const [own, other] = [await ours!.read(tensor), await theirs!.read(tensor)];
        expect([tensor, own.dtype, own.shape, Buffer.compare(own.bytes, other.bytes)]).toEqual([
          tensor,
          other.dtype,
          other.shape,
          0,
        ]);
      }
    },
  );

  test.each(others)('%s, whose file is another', async (name) => {
    const { config, weights } = await readHuggingFaceModel(join(FIXTURES, name));
    await writeHuggingFaceModel(folder, { config, weights, type: name === 'llama3-bfloat16' ? 'bf16' : 'f32', tokens });
    const again = await readHuggingFaceModel(folder);
    expect(different(again.weights, weights)).toEqual([]);
    expect(differences(again.config, config)).toEqual([]);
  });
});

test('weights in half precision are the nearest; the file says the type by both names', async () => {
  const config = decoderConfig({ ...small, family: 'llama3' } as ModelParameters, {
    vocabularySize: 9,
    contextLength: 8,
  });
  const weights = initialWeights(config, 1);
  const name = 'model.norm.weight';
  weights[name]!.data[0] = 1 + 2 ** -12; // half precision has 10 bits of fraction
  await writeHuggingFaceModel(folder, { config, weights, type: 'f16', tokens });
  expect((await readHuggingFaceModel(folder)).weights[name]!.data[0]).toBe(1);
  const json = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  expect([json['dtype'], json['torch_dtype'], json['pad_token_id']]).toEqual(['float16', 'float16', null]);
  weights[name]!.data[0] = 70000;
  const writing = writeHuggingFaceModel(folder, { config, weights, type: 'f16', tokens });
  await expect(writing).rejects.toThrow(/too large(.|\n)*model\.norm\.weight(.|\n)*70000/);
});

test('coefficients of alternating updates are written within the limit that the model computes with', async () => {
  const parameters = {
    ...small,
    family: 'gemma3n',
    altUp: { inputs: 4, active: 0, coefficientClip: 0.5, correctScale: true },
  };
  const config = decoderConfig(parameters as ModelParameters, { vocabularySize: 9, contextLength: 8 });
  const weights = initialWeights(config, 1);
  const name = 'model.layers.0.altup.correction_coefs.weight';
  weights[name]!.data.set([0.25, 7, -7]);
  await writeHuggingFaceModel(folder, { config, weights, type: 'f32', tokens });
  const again = await readHuggingFaceModel(folder);
  expect([...again.weights[name]!.data.subarray(0, 3)]).toEqual([0.25, 0.5, -0.5]);
});
