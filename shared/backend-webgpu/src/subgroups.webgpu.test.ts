/** @file Subgroups of a size that is not fixed: SwiftShader's, as if that were so. */
import { expect, test } from 'vitest';
import { openAdapter } from './adapter.ts';
import { WebGpuBackend } from './backend.ts';
import { openDevice } from './device.ts';
import { defineShader, maxOf, ROW_THREADS, sumOf, THREADS } from './shader.ts';
import { subgroupsOf } from './subgroups.ts';

const adapter = await openAdapter();

test.skipIf(!adapter.features.has('subgroups'))(
  'shaders add by subgroups whose size they look up, and it is told',
  async () => {
    const backend = new WebGpuBackend(await openDevice(adapter), adapter);
    const known = await subgroupsOf(backend);
    const found = await subgroupsOf(backend, { subgroupMinSize: 4, subgroupMaxSize: 128 });
    expect(found).toEqual({ ...known, isFixed: false });
    backend.useSubgroups({ size: 64, isFixed: false }); // not by memory, however many there are
    for (const threads of [ROW_THREADS, THREADS]) {
      const reduce = defineShader({
        name: `reduce ${threads}`,
        bindings: { x: 'f32', y: 'out f32' },
        parameters: { size: 'u32' },
        workgroupSize: [threads, 1],
        declarations: sumOf(threads) + maxOf(threads),
        body: `
  let sum = sumOf(x[lane], lane);
  let twice = sumOf(2.0 * x[lane], lane);
  y[3u * lane] = sum;
  y[3u * lane + 1u] = twice;
  y[3u * lane + 2u] = maxOf(x[lane], lane);
`,
      });
      const values = Float32Array.from({ length: threads }, (_, lane) => ((lane * 37) % threads) - 5);
      const x = backend.makeTensorInfo([threads], 'float32', values);
      const y = backend.output([threads, 3]);
      reduce(backend, { x, y }, { size: threads }, [1]);
      const sum = values.reduce((total, value) => total + value, 0);
      const expected = Array.from(values, () => [sum, 2 * sum, threads - 6]).flat();
      expect(Array.from((await backend.read(y.dataId)) as Float32Array)).toEqual(expected);
    }
  },
);
