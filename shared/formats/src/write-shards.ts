/**
 * @file Writes the weights of a Hugging Face folder: one safetensors file, or shards with an index where that would be too large for hosts and file
 * systems, as `save_pretrained` of transformers does.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredTensor } from './stored-tensor.ts';
import { writeSafetensors } from './write-safetensors.ts';

/** transformers' limit of a file, by default: 5 GB. */
export const SHARD_BYTES = 5e9;

/**
 * Writes `model.safetensors`, or `model-00001-of-0000n.safetensors` … and `model.safetensors.index.json`.
 *
 * @param tensors in the order in which shards have them
 * @param most bytes of the tensors of a file; one tensor that is larger has a file of its own
 * @returns the names of the files
 */
export async function writeShards(
  folder: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  most: number = SHARD_BYTES,
): Promise<string[]> {
  const shards = shardsOf(tensors, most);
  const metadata = { format: 'pt' };
  if (shards.length <= 1) {
    await writeSafetensors(join(folder, 'model.safetensors'), tensors, metadata);
    return ['model.safetensors'];
  }
  const number = (n: number) => String(n).padStart(5, '0');
  const weightMap: [tensor: string, file: string][] = [];
  const files: string[] = [];
  for (const [i, shard] of shards.entries()) {
    const file = `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
    await writeSafetensors(join(folder, file), shard, metadata);
    weightMap.push(...Object.keys(shard).map((name): [string, string] => [name, file]));
    files.push(file);
  }
  const total = Object.values(tensors).reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  const byName = Object.fromEntries(weightMap.sort(([a], [b]) => (a < b ? -1 : 1)));
  const index = { metadata: { total_size: total }, weight_map: byName };
  await writeFile(join(folder, 'model.safetensors.index.json'), `${JSON.stringify(index, null, 2)}\n`);
  return [...files, 'model.safetensors.index.json'];
}

/** Tensors one after the other, as many in a file as fit. */
function shardsOf(tensors: Readonly<Record<string, StoredTensor>>, most: number): Record<string, StoredTensor>[] {
  const shards: Record<string, StoredTensor>[] = [];
  let [current, bytes]: [Record<string, StoredTensor>, number] = [{}, 0];
  for (const [name, tensor] of Object.entries(tensors)) {
    const size = tensor.bytes.byteLength;
    if (bytes > 0 && bytes + size > most) {
      shards.push(current);
      [current, bytes] = [{}, 0];
    }
    current[name] = tensor;
    bytes += size;
  }
  return [...shards, current];
}
