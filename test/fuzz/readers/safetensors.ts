/** @file Fuzzes safetensors files, whole and in shards. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { float32Tensor, openWeights, writeSafetensors } from '@arrowsmith/formats';
import type { Fuzzer } from '../harness.ts';

export const safetensors: Fuzzer = {
  name: 'safetensors',
  async prepare(folder) {
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    await writeSafetensors(
      join(folder, shards[0]!),
      { a: float32Tensor([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)) },
      { format: 'pt' },
    );
    await writeSafetensors(join(folder, shards[1]!), {
      b: float32Tensor([], Float32Array.of(7)),
    });
    const index = join(folder, 'model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ metadata: { total_size: 28 }, weight_map: { a: shards[0], b: shards[1] } }));
    return {
      files: [
        ...shards.map((name) => ({ path: join(folder, name), kind: 'bytes' as const })),
        { path: index, kind: 'json' },
      ],
      async read() {
        const source = await openWeights(folder);
        const values: unknown[] = [];
        for (const [name, info] of source.tensors) values.push([name, info.shape, await source.readFloat32(name)]);
        return values;
      },
    };
  },
};
