/**
 * @file Encodes kernels with next to no work for each: shaders are compiled once, parameters that come again have buffers of their own, and so
 * have the sets of buffers that kernels are bound to, since tensors of a training step get the same buffers in every step.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { numberOf } from './buffer-pool.ts';
import type { Make } from './device.ts';
import { type Subgroups, withReductions } from './reductions.ts';

/** A kernel of our own. */
export interface Program {
  /** Unique among programs: a shader is compiled once for it. */
  name: string;
  /** WGSL with an entry point `main`. Bindings of group 0: the call's tensors in order, and after them the parameters. */
  code: string;
  /** Of each of the tensors, whether the kernel writes to it. */
  writes: readonly boolean[];
  /** The types of the fields of the shader's uniform structure. */
  parameters: readonly ('u32' | 'i32' | 'f32')[];
}

export interface KernelCall {
  program: Program;
  /** Which may be outputs as well as inputs. The same memory only once where it is written to. */
  tensors: readonly TensorInfo[];
  /** Values of the program's parameters. */
  parameters: readonly number[];
  /** How many workgroups run, in x, y and z. */
  workgroups: readonly [number, number?, number?];
}

/** So many sets of buffers are kept; then all are made anew as they are needed. */
const MOST_KEPT = 16_384;

interface Compiled {
  layout: GPUBindGroupLayout;
  pipeline: GPUComputePipeline;
  bound: Branch;
}

/** Sets of buffers by the parameters' values and the buffers' numbers, one after the other: strings for keys would cost more than a call. */
type Branch = Map<number, Branch | GPUBindGroup>;

export class Executor {
  readonly #device: GPUDevice;
  readonly #make: Make;
  readonly #compiled = new Map<string, Compiled>();
  readonly #uniforms = new Map<string, GPUBuffer>();
  #kept = 0;
  /** Undefined where shaders use none. */
  subgroups: Subgroups | undefined;

  constructor(device: GPUDevice, make: Make) {
    this.#device = device;
    this.#make = make;
  }

  /** @throws UserError where the program does not compile, or memory does not suffice for its parameters; nothing is encoded then */
  encode(pass: GPUComputePassEncoder, { program, parameters, workgroups }: KernelCall, buffers: GPUBuffer[]): void {
    const compiled = this.#compiledOf(program);
    const group = this.#groupOf(compiled, program, parameters, buffers);
    pass.setPipeline(compiled.pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(workgroups[0], workgroups[1] ?? 1, workgroups[2] ?? 1);
  }

  #groupOf(
    { bound, layout }: Compiled,
    program: Program,
    parameters: readonly number[],
    buffers: GPUBuffer[],
  ): GPUBindGroup {
    let branch = bound;
    for (const value of parameters) branch = follow(branch, value);
    const last = buffers.length - 1;
    for (let i = 0; i < last; i++) branch = follow(branch, numberOf(buffers[i]!));
    const number = numberOf(buffers[last]!);
    const known = branch.get(number);
    if (known !== undefined) return known as GPUBindGroup;
    if (++this.#kept > MOST_KEPT) this.forget();
    const uniform = this.#uniformOf(program, parameters);
    const entries = [...buffers, uniform].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = this.#make(() => this.#device.createBindGroup({ layout, entries }));
    branch.set(number, group);
    return group;
  }

  /** Sets of buffers that are kept are let go. */
  forget(): void {
    this.#kept = 0;
    for (const { bound } of this.#compiled.values()) bound.clear();
    this.#uniforms.clear();
  }

  #compiledOf(program: Program): Compiled {
    const known = this.#compiled.get(program.name);
    if (known !== undefined) return known;
    const compiled = this.#make(() => this.#compile(program));
    this.#compiled.set(program.name, compiled);
    return compiled;
  }

  /** The layout is said, since the one that WebGPU would find has no place for a binding that a variant of a shader does not look at. */
  #compile({ name, code, writes }: Program): Compiled {
    const visibility = COMPUTE;
    const types: GPUBufferBindingType[] = writes.map((isWritten) => (isWritten ? 'storage' : 'read-only-storage'));
    types.push('uniform');
    const layout = this.#device.createBindGroupLayout({
      label: name,
      entries: types.map((type, binding) => ({ binding, visibility, buffer: { type } })),
    });
    const pipeline = this.#device.createComputePipeline({
      label: name,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: {
        module: this.#device.createShaderModule({ code: withReductions(code, this.subgroups), label: name }),
        entryPoint: 'main',
      },
    });
    return { layout, pipeline, bound: new Map() };
  }

  /** A buffer with these values, which is never written to again. */
  #uniformOf({ parameters: types }: Program, values: readonly number[]): GPUBuffer {
    const words = new DataView(new ArrayBuffer(Math.max(16, 4 * values.length)));
    for (const [i, type] of types.entries()) {
      if (type === 'u32') words.setUint32(4 * i, values[i]!, true);
      else if (type === 'i32') words.setInt32(4 * i, values[i]!, true);
      else words.setFloat32(4 * i, values[i]!, true);
    }
    const key = new Uint32Array(words.buffer).join();
    const known = this.#uniforms.get(key);
    if (known !== undefined) return known;
    const buffer = this.#make(() => {
      const made = this.#device.createBuffer({ size: words.byteLength, usage: UNIFORM, mappedAtCreation: true });
      new Uint8Array(made.getMappedRange()).set(new Uint8Array(words.buffer));
      made.unmap();
      return made;
    });
    this.#uniforms.set(key, buffer);
    return buffer;
  }
}

function follow(branch: Branch, key: number): Branch {
  let next = branch.get(key);
  if (next === undefined) branch.set(key, (next = new Map()));
  return next as Branch;
}

/** `GPUBufferUsage.UNIFORM`. */
const UNIFORM = 0x40;
/** `GPUShaderStage.COMPUTE`. */
const COMPUTE = 4;
