/** @file The subgroups of an adapter: threads whose values the hardware combines. */
import type { WebGpuBackend } from './backend.ts';
import { defineShader, THREADS } from './shader.ts';

const sumsOfSubgroups = defineShader({
  name: 'sums of subgroups',
  enables: 'enable subgroups;',
  bindings: { x: 'f32', y: 'out f32' },
  parameters: { size: 'u32' },
  body: 'y[lane] = subgroupAdd(x[lane]);',
});

/**
 * The threads of a subgroup, where all subgroups of a device have as many, a power of two, and are neighbours: WGSL leaves that to the device, so that it
 * is tried out. Undefined elsewhere.
 */
export async function subgroupSizeOf(backend: WebGpuBackend): Promise<number | undefined> {
  const { subgroupMinSize: size = 0, subgroupMaxSize } = backend.adapterLimits;
  const isPowerOfTwo = size >= 4 && Number.isInteger(Math.log2(size));
  if (!backend.device.features.has('subgroups') || size !== subgroupMaxSize || !isPowerOfTwo) return undefined;
  const values = Float32Array.from({ length: THREADS }, (_, lane) => (lane + 1) ** 2);
  const x = backend.makeTensorInfo([THREADS], 'float32', values);
  const y = backend.output([THREADS]);
  sumsOfSubgroups(backend, { x, y }, { size: THREADS }, [1]);
  const found = (await backend.read(y.dataId)) as Float32Array;
  for (const { dataId } of [x, y]) backend.disposeData(dataId);
  const isSum = (lane: number): boolean => {
    const first = lane - (lane % size);
    return found[lane] === values.slice(first, first + size).reduce((sum, value) => sum + value, 0);
  };
  return values.every((_, lane) => isSum(lane)) ? size : undefined;
}
