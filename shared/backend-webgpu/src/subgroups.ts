/** @file The subgroups of an adapter: threads whose values the hardware combines. */
import { UserError } from '@arrowsmith/errors';
import type { WebGpuBackend } from './backend.ts';
import { openGpu } from './gpu.ts';
import type { Subgroups } from './reductions.ts';
import { defineShader, sumOf, THREADS } from './shader.ts';

const sumsOfSubgroups = defineShader({
  name: 'sums of subgroups',
  enables: 'enable subgroups;',
  bindings: { x: 'f32', y: 'out f32' },
  parameters: { size: 'u32' },
  body: 'y[lane] = subgroupAdd(x[lane]);',
});

const sumOfSubgroups = defineShader({
  name: 'sum of subgroups',
  bindings: { x: 'f32', y: 'out f32' },
  parameters: { size: 'u32' },
  declarations: sumOf(THREADS),
  body: `
  let sum = sumOf(x[lane], lane);
  if (lane == 0u) { y[0] = sum; y[1] = f32(subgroupCount); }
`,
});

const VALUES = Float32Array.from({ length: THREADS }, (_, lane) => (lane + 1) ** 2);

/**
 * The subgroups that shaders may use, undefined where they should not. Where all of a device have as many threads, a power of two, that they are neighbours
 * is tried out, since WGSL leaves it to the device. Elsewhere shaders look at which subgroups they have; how many threads one has here, which is tried out,
 * tells what is faster.
 */
export async function subgroupsOf(
  backend: WebGpuBackend,
  { subgroupMinSize: size = 0, subgroupMaxSize } = backend.adapterLimits,
): Promise<Subgroups | undefined> {
  if (!backend.device.features.has('subgroups')) return undefined;
  if (size !== subgroupMaxSize) return subgroupsOfAnySize(backend);
  const isPowerOfTwo = size >= 4 && Number.isInteger(Math.log2(size));
  return isPowerOfTwo && (await areNeighbours(backend, size)) ? { size, isFixed: true } : undefined;
}

async function areNeighbours(backend: WebGpuBackend, size: number): Promise<boolean> {
  const found = await tried(backend, sumsOfSubgroups, THREADS);
  const isSum = (lane: number): boolean => {
    const first = lane - (lane % size);
    return found[lane] === VALUES.slice(first, first + size).reduce((sum, value) => sum + value, 0);
  };
  return VALUES.every((_, lane) => isSum(lane));
}

async function subgroupsOfAnySize(backend: WebGpuBackend): Promise<Subgroups | undefined> {
  const { wgslLanguageFeatures } = await openGpu();
  if (wgslLanguageFeatures?.has('subgroup_id') !== true) return undefined;
  backend.useSubgroups({ size: 32, isFixed: false });
  try {
    const [sum, count = 0] = await tried(backend, sumOfSubgroups, 2);
    const isRight = sum === VALUES.reduce((total, value) => total + value, 0);
    return isRight && count >= 1 ? { size: THREADS / count, isFixed: false } : undefined;
  } catch (error) {
    if (error instanceof UserError) return undefined; // a driver that does not compile it
    throw error;
  } finally {
    backend.useSubgroups(undefined);
  }
}

/** What a workgroup makes of {@link VALUES}. */
async function tried(backend: WebGpuBackend, shader: typeof sumsOfSubgroups, length: number): Promise<Float32Array> {
  const x = backend.makeTensorInfo([THREADS], 'float32', VALUES);
  const y = backend.output([length]);
  shader(backend, { x, y }, { size: THREADS }, [1]);
  const found = (await backend.read(y.dataId)) as Float32Array;
  for (const { dataId } of [x, y]) backend.disposeData(dataId);
  return found;
}
