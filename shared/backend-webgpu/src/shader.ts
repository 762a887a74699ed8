/** @file Kernels as a table of what they bind and a piece of WGSL: the rest of a shader, and of a call, follows from the table. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from './backend.ts';
import type { Program } from './executor.ts';

/** What a binding holds, and that it is written to, or read and written; atomics are u32. */
export type Binding =
  'f32' | 'i32' | 'u32' | 'vec2f' | 'out f32' | 'out i32' | 'out vec2f' | 'in-out f32' | 'in-out i32' | 'atomics';

export type ParameterType = Program['parameters'][number];

export interface ShaderDefinition<B extends string, P extends string> {
  /** Unique: it stands for the code. */
  name: string;
  /** The storage buffers, as global arrays of these names. The same memory must not be bound twice. */
  bindings: Readonly<Record<B, Binding>>;
  /** Fields of `parameters`. */
  parameters: Readonly<Record<P, ParameterType>>;
  /** Threads of a workgroup, in x and y; 256 by default. */
  workgroupSize?: readonly [x: number, y: number];
  /** WGSL's directives. */
  enables?: string;
  /** Declarations outside of the entry point. */
  declarations?: string;
  /** What a thread does: it has `global` (its number), `local` (its number in the workgroup), `group`, `lane` (local as one number). */
  body: string;
}

/** Waits for its turn on a backend: tensors by the names of bindings, values of parameters, and how many workgroups run. */
export type Shader<B extends string, P extends string> = (
  backend: WebGpuBackend,
  tensors: Readonly<Record<B, TensorInfo>>,
  parameters: Readonly<Record<P, number>>,
  workgroups: readonly [x: number, y?: number, z?: number],
) => void;

/** Threads of a workgroup, where a shader says nothing else. */
export const THREADS = 256;

/** WebGPU guarantees so many workgroups in each direction. */
const MOST_WORKGROUPS = 65_535;

export function defineShader<const B extends string, const P extends string>({
  name,
  bindings,
  parameters: types,
  workgroupSize = [THREADS, 1],
  enables = '',
  declarations = '',
  body,
}: ShaderDefinition<B, P>): Shader<B, P> {
  const bound = Object.entries(bindings) as [B, Binding][];
  const fields = Object.entries(types) as [P, ParameterType][];
  const program: Program = {
    name,
    writes: bound.map(([, binding]) => binding.includes(' ') || binding === 'atomics'),
    parameters: fields.map(([, type]) => type),
    code: `${enables}
${bound.map(([each, binding], i) => `@group(0) @binding(${i}) ${declarationOf(each, binding)}`).join('\n')}
struct Parameters { ${fields.map(([each, type]) => `${each}: ${type},`).join(' ')} }
@group(0) @binding(${bound.length}) var<uniform> parameters: Parameters;
${declarations}
@compute @workgroup_size(${workgroupSize.join(', ')})
fn main(
  @builtin(global_invocation_id) global: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
${body}
}
`,
  };
  return (backend, tensors, parameters, workgroups) => {
    if (workgroups.some((count) => count === 0)) return;
    backend.run({
      program,
      tensors: bound.map(([each]) => tensors[each]),
      parameters: fields.map(([field]) => parameters[field]),
      workgroups,
    });
  };
}

function declarationOf(name: string, binding: Binding): string {
  if (binding === 'atomics') return `var<storage, read_write> ${name}: array<atomic<u32>>;`;
  const [access, type] = binding.includes(' ') ? binding.split(' ') : ['in', binding];
  return `var<storage, ${access === 'in' ? 'read' : 'read_write'}> ${name}: array<${type}>;`;
}

/** Workgroups in x and y for so many pieces of work; the number of a piece is `group.x + group.y * groups.x`, which may be too large. */
export function spread(pieces: number): [number, number] {
  if (pieces <= MOST_WORKGROUPS) return [pieces, 1];
  const y = Math.ceil(pieces / MOST_WORKGROUPS);
  return [Math.ceil(pieces / y), y];
}

/** Begin of a body with a thread for each of `parameters.size` elements, whose number is `i`; with `spread(ceil(size / THREADS))`. */
export const EACH_ELEMENT = `
  let i = (group.x + group.y * groups.x) * ${THREADS}u + lane;
  if (i >= parameters.size) { return; }
`;

export const elementGroups = (size: number): [number, number] => spread(Math.ceil(size / THREADS));

/** Begin of a body with a workgroup for each of `parameters.n` rows, whose number is `row`; with `spread(n)`. */
export const EACH_ROW = `
  let row = group.x + group.y * groups.x;
  if (row >= parameters.n) { return; }
`;

export { maxOf, ROW_THREADS, sumOf } from './reductions.ts';
