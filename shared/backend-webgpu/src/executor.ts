/**
 * @file Encodes kernels with next to no work for each: shaders are compiled once, parameters that come again have buffers of their own, and so
 * have the sets of buffers that kernels are bound to, since tensors of a training step get the same buffers in every step.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';

/** A kernel of our own. */
export interface Program {
  /** Unique among programs: a shader is compiled once for it. */
  name: string;
  /** WGSL with an entry point `main`. Bindings of group 0: the call's tensors in order, and after them the parameters. */
  code: string;
  /** Of each of the tensors, whether the kernel writes to it. */
  writes: readonly boolean[];
}

export interface KernelCall {
  program: Program;
  /** Which may be outputs as well as inputs. The same memory only once. */
  tensors: readonly TensorInfo[];
  /** Words of the shader's uniform structure, whose fields are u32 or f32. */
  parameters: ArrayBuffer;
  /** How many workgroups run, in x, y and z. */
  workgroups: readonly [number, number?, number?];
}

/** So many sets of buffers, and so many parameters, are kept; then all are made anew as they are needed. */
const MOST_KEPT = 16_384;

interface Compiled {
  id: number;
  layout: GPUBindGroupLayout;
  pipeline: GPUComputePipeline;
}

export class Executor {
  readonly #device: GPUDevice;
  readonly #compiled = new Map<string, Compiled>();
  readonly #bound = new Map<string, GPUBindGroup>();
  readonly #parameters = new Map<string, { id: number; buffer: GPUBuffer }>();
  readonly #bufferIds = new WeakMap<GPUBuffer, number>();
  #lastId = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  encode(pass: GPUComputePassEncoder, { program, parameters, workgroups }: KernelCall, buffers: GPUBuffer[]): void {
    const { id, layout, pipeline } = this.#compiled.get(program.name) ?? this.#compile(program);
    const uniform = this.#uniformOf(parameters);
    let key = `${id},${uniform.id}`;
    for (const buffer of buffers) key += `,${this.#idOf(buffer)}`;
    let group = this.#bound.get(key);
    if (group === undefined) {
      if (this.#bound.size >= MOST_KEPT) this.#bound.clear();
      group = this.#device.createBindGroup({
        layout,
        entries: [...buffers, uniform.buffer].map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
      this.#bound.set(key, group);
    }
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...(workgroups as [number, number?, number?]));
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
      compute: { module: this.#device.createShaderModule({ code, label: name }), entryPoint: 'main' },
    });
    const compiled = { id: ++this.#lastId, layout, pipeline };
    this.#compiled.set(name, compiled);
    return compiled;
  }

  /** A buffer with these words, which is never written to again. */
  #uniformOf(parameters: ArrayBuffer): { id: number; buffer: GPUBuffer } {
    const key = new Uint32Array(parameters).join();
    const known = this.#parameters.get(key);
    if (known !== undefined) return known;
    if (this.#parameters.size >= MOST_KEPT) this.#parameters.clear();
    const size = Math.max(16, 4 * Math.ceil(parameters.byteLength / 4));
    const buffer = this.#device.createBuffer({ size, usage: UNIFORM, mappedAtCreation: true });
    new Uint8Array(buffer.getMappedRange()).set(new Uint8Array(parameters));
    buffer.unmap();
    const made = { id: ++this.#lastId, buffer };
    this.#parameters.set(key, made);
    return made;
  }

  #idOf(buffer: GPUBuffer): number {
    let id = this.#bufferIds.get(buffer);
    if (id === undefined) this.#bufferIds.set(buffer, (id = ++this.#lastId));
    return id;
  }
}

/** `GPUBufferUsage.UNIFORM`. */
const UNIFORM = 0x40;
/** `GPUShaderStage.COMPUTE`. */
const COMPUTE = 4;
