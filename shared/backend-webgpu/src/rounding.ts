/** @file How an adapter rounds to 16 bits, which WGSL leaves to it. */
import type { WebGpuBackend } from './backend.ts';
import { defineShader } from './shader.ts';

const convert = defineShader({
  name: 'conversion to 16 bits',
  enables: 'enable f16;',
  bindings: { x: 'f32', y: 'out f32' },
  parameters: { size: 'u32' },
  workgroupSize: [1, 1],
  body: 'for (var i = 0u; i < parameters.size; i++) { y[i] = f32(f16(x[i])); }',
});

/** Numbers halfway between two of 16 bits, or nearer to one, and what the nearest are, the even ones of two. */
const NUMBERS = [2049, 2051, -2051, 2049.5, 2050.5, 1 / 3, 65_503, 1 + 3 * 2 ** -11];
const NEAREST = [2048, 2052, -2052, 2050, 2050, 0.333251953125, 65_504, 1 + 2 * 2 ** -10];

/** Whether shaders round to the nearest; they need shader-f16. */
export async function roundsToNearest(backend: WebGpuBackend): Promise<boolean> {
  const size = NUMBERS.length;
  const x = backend.makeTensorInfo([size], 'float32', Float32Array.from(NUMBERS));
  const y = backend.output([size]);
  convert(backend, { x, y }, { size }, [1]);
  const found = (await backend.read(y.dataId)) as Float32Array;
  for (const { dataId } of [x, y]) backend.disposeData(dataId);
  return NEAREST.every((number, i) => found[i] === number);
}
