import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openWeights } from './open-weights.ts';
import { openSafetensors } from './read-safetensors.ts';
import { float32Tensor } from './stored-tensor.ts';
import { writeSafetensors } from './write-safetensors.ts';

/** Folders that transformers' `save_pretrained` wrote: scripts/parity/families.py. */
const FAMILIES = 'test/fixtures/families';
const SHARDED = join(FAMILIES, 'qwen3-moe-sharded');
const INDEX = 'model.safetensors.index.json';

/** A copy of the sharded folder. */
function copy(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'weights-')), 'model');
  cpSync(SHARDED, folder, { recursive: true });
  return folder;
}

function changeIndex(folder: string, change: (weightMap: Record<string, unknown>) => void): void {
  const index = JSON.parse(readFileSync(join(folder, INDEX), 'utf8')) as { weight_map: Record<string, unknown> };
  change(index.weight_map);
  writeFileSync(join(folder, INDEX), JSON.stringify(index));
}

describe('the weights of a model folder', () => {
  test.each(readdirSync(FAMILIES))('%s can be read whole', async (name) => {
    const weights = await openWeights(join(FAMILIES, name));
    const config = JSON.parse(readFileSync(join(FAMILIES, name, 'config.json'), 'utf8')) as Record<string, number>;
    const embeddings = weights.tensors.get('model.embed_tokens.weight');
    expect(embeddings?.shape).toEqual([config['vocab_size'], config['hidden_size']]);
    for (const [tensor, { shape }] of weights.tensors) {
      const values = await weights.readFloat32(tensor);
      expect(values.length).toBe(shape.reduce((product, n) => product * n, 1));
      expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  test('come from every shard, as the index says', async () => {
    const weights = await openWeights(SHARDED);
    const index = JSON.parse(readFileSync(join(SHARDED, INDEX), 'utf8')) as { weight_map: Record<string, string> };
    expect([...weights.tensors.keys()].sort()).toEqual(Object.keys(index.weight_map).sort());
    expect(new Set(Object.values(index.weight_map)).size).toBe(4);
    for (const [name, file] of Object.entries(index.weight_map)) {
      const shard = await openSafetensors(join(SHARDED, file));
      const [whole, alone] = [await weights.read(name), await shard.read(name)];
      expect(whole).toMatchObject({ dtype: alone.dtype, shape: alone.shape });
      expect(Buffer.compare(whole.bytes, alone.bytes)).toBe(0);
    }
  });
});

describe('bad input', () => {
  test('a missing shard is named', async () => {
    const folder = copy();
    rmSync(join(folder, 'model-00003-of-00004.safetensors'));
    await expect(openWeights(folder)).rejects.toThrow(/lacks 1 of 4 shards[^]*no model-00003-of-00004.safetensors/);
  });

  test('a tensor of the index that its shard does not have is named', async () => {
    const folder = copy();
    changeIndex(folder, (map) => (map['model.layers.9.extra'] = 'model-00001-of-00004.safetensors'));
    await expect(openWeights(folder)).rejects.toThrow(
      /model-00001-of-00004.safetensors lacks a tensor[^]*layers\.9\.extra/,
    );
  });

  test('a tensor that lies in another shard than the index says is named', async () => {
    const folder = copy();
    changeIndex(folder, (map) => (map['lm_head.weight'] = 'model-00002-of-00004.safetensors'));
    await expect(openWeights(folder)).rejects.toThrow(/model-00001[^]*lm_head.weight in [^]*model-00002/);
  });

  test('a tensor that the index does not know is named', async () => {
    const folder = copy();
    changeIndex(folder, (map) => delete map['model.norm.weight']);
    await expect(openWeights(folder)).rejects.toThrow(
      /has a tensor that its index does not place there[^]*model.norm.weight/,
    );
  });

  test('a shard that is not what it should be is named', async () => {
    const folder = copy();
    writeFileSync(join(folder, 'model-00002-of-00004.safetensors'), '<html>not found</html>');
    await expect(openWeights(folder)).rejects.toThrow(/model-00002-of-00004.safetensors is not a safetensors file/);
  });

  test.each(['../model.safetensors', '/etc/passwd', 'model.bin', 3])('%s is no shard', async (file) => {
    const folder = copy();
    changeIndex(folder, (map) => (map['lm_head.weight'] = file));
    await expect(openWeights(folder)).rejects.toThrow(/is not an index[^]*for lm_head.weight/);
  });

  test.each(['', '[]', '{"weight_map": []}', '{}'])('an index of %j is refused', async (text) => {
    const folder = copy();
    writeFileSync(join(folder, INDEX), text);
    await expect(openWeights(folder)).rejects.toThrow(/index[^]*weight_map from tensors to files/);
  });

  test('a folder of pickled weights, of none, and no folder are told apart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weights-'));
    await expect(openWeights(folder)).rejects.toThrow(/has no weights[^]*an empty folder/);
    writeFileSync(join(folder, 'pytorch_model.bin'), '');
    await expect(openWeights(folder)).rejects.toThrow(/pytorch_model.bin[^]*save_pretrained/);
    await expect(openWeights(join(folder, 'none'))).rejects.toThrow(/no such folder/);
  });

  test('a single file is taken before an index, as transformers does', async () => {
    const folder = copy();
    await writeSafetensors(join(folder, 'model.safetensors'), { a: float32Tensor([1], Float32Array.of(1)) });
    expect([...(await openWeights(folder)).tensors.keys()]).toEqual(['a']);
  });
});
