/**
 * @file The commands of a pass, to be given to the device once more without what JavaScript did for them. They are recorded while they are encoded, as
 * WebGPU is told them: kernels, values that are written, copies, and where the device was given what had been encoded till then.
 */
import type { PassInput } from '@arrowsmith/backend-native/repeatable-pass';

/** Runs `pipeline` on what `group` binds. */
interface Dispatch {
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
  workgroups: [x: number, y: number, z: number];
}

/** Values that are written: the same each time, those of an input, by its number, or what there is then. */
export type Source = ArrayBuffer | number | (() => Float32Array | Int32Array);

interface Write {
  buffer: GPUBuffer;
  offset: number;
  values: Source;
}

interface Copy {
  from: GPUBuffer;
  fromOffset: number;
  to: GPUBuffer;
  toOffset: number;
  bytes: number;
}

type Command = Dispatch | Write | Copy | 'submit';

/** Notes commands, and what they use. */
export class Recorder {
  readonly commands: Command[] = [];
  /** Buffers that were handed out meanwhile. */
  readonly acquired = new Set<GPUBuffer>();
  /** Those of tensors that were there before, and these. */
  readonly found = new Map<GPUBuffer, object>();
  /** What is being written, where that is not the same each time. */
  source: Exclude<Source, ArrayBuffer> | undefined;
  /** Arrays of tensors are read anew each time. */
  readonly readsAnew: boolean;
  #obstacle: string | undefined;

  constructor({ readsAnew }: { readsAnew: boolean }) {
    this.readsAnew = readsAnew;
  }

  /** Why this cannot be given to the device once more. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  hinder(obstacle: string): void {
    this.#obstacle ??= obstacle;
  }

  /** A tensor's buffer is used. */
  use(dataId: object, buffer: GPUBuffer): void {
    if (!this.acquired.has(buffer)) this.found.set(buffer, dataId);
  }

  /** The queue, whose commands are noted. */
  queueOf(queue: GPUQueue): GPUQueue {
    const { commands } = this;
    const noting = {
      submit(buffers: GPUCommandBuffer[]) {
        commands.push('submit');
        queue.submit(buffers);
      },
      writeBuffer: (buffer: GPUBuffer, offset: number, data: ArrayBuffer | Float32Array, first = 0, size?: number) => {
        this.#noteWrite(buffer, offset, data, first, size);
        queue.writeBuffer(buffer, offset, data, first, size);
      },
    };
    return noting as unknown as GPUQueue;
  }

  #noteWrite(buffer: GPUBuffer, offset: number, data: ArrayBufferView | ArrayBufferLike, first: number, size?: number) {
    if (this.source !== undefined) {
      this.commands.push({ buffer, offset, values: this.source });
      return;
    }
    // Offsets and sizes are elements of typed arrays, and bytes of others.
    const { buffer: memory, byteOffset, byteLength } = ArrayBuffer.isView(data) ? data : new Uint8Array(data);
    const unit = 'BYTES_PER_ELEMENT' in data ? (data.BYTES_PER_ELEMENT as number) : 1;
    const begin = byteOffset + first * unit;
    const end = size === undefined ? byteOffset + byteLength : begin + size * unit;
    this.commands.push({ buffer, offset, values: memory.slice(begin, end) as ArrayBuffer });
  }

  /** The encoder, whose commands are noted. */
  encoderOf(encoder: GPUCommandEncoder): GPUCommandEncoder {
    const noting = {
      beginComputePass: (descriptor?: GPUComputePassDescriptor) => {
        if (descriptor?.timestampWrites !== undefined) this.hinder('kernels are timed');
        return this.#passOf(encoder.beginComputePass(descriptor));
      },
      copyBufferToBuffer: (from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, bytes: number) => {
        this.commands.push({ from, fromOffset, to, toOffset, bytes });
        encoder.copyBufferToBuffer(from, fromOffset, to, toOffset, bytes);
      },
      finish: () => encoder.finish(),
    };
    return noting as unknown as GPUCommandEncoder;
  }

  #passOf(pass: GPUComputePassEncoder): GPUComputePassEncoder {
    const { commands } = this;
    let pipeline: GPUComputePipeline;
    let group: GPUBindGroup;
    const noting = {
      setPipeline(next: GPUComputePipeline) {
        pipeline = next;
        pass.setPipeline(next);
      },
      setBindGroup(index: number, next: GPUBindGroup) {
        group = next;
        pass.setBindGroup(index, next);
      },
      dispatchWorkgroups(x: number, y = 1, z = 1) {
        commands.push({ pipeline, group, workgroups: [x, y, z] });
        pass.dispatchWorkgroups(x, y, z);
      },
      end: () => pass.end(),
    };
    return noting as unknown as GPUComputePassEncoder;
  }
}

/**
 * Gives the device the commands again, in the same order. Nothing else may be encoded that was not submitted.
 *
 * @param options.inputs what is written in the inputs' places
 * @param options.onSubmit is called after each submission
 */
export function replay(
  device: GPUDevice,
  commands: readonly Command[],
  { inputs, onSubmit }: { inputs: readonly PassInput['values'][]; onSubmit: () => void },
): void {
  const { queue } = device;
  let encoder: GPUCommandEncoder | undefined;
  let pass: GPUComputePassEncoder | undefined;
  let pipeline: GPUComputePipeline | undefined;
  const endPass = (): void => {
    pass?.end();
    pass = pipeline = undefined;
  };
  for (const command of commands) {
    if (command === 'submit') {
      endPass();
      if (encoder === undefined) continue;
      queue.submit([encoder.finish()]);
      onSubmit();
      encoder = undefined;
    } else if ('group' in command) {
      encoder ??= device.createCommandEncoder();
      pass ??= encoder.beginComputePass();
      if (command.pipeline !== pipeline) pass.setPipeline((pipeline = command.pipeline));
      pass.setBindGroup(0, command.group);
      pass.dispatchWorkgroups(...command.workgroups);
    } else if ('values' in command) {
      const { buffer, offset, values } = command;
      const now = typeof values === 'number' ? inputs[values]! : typeof values === 'function' ? values() : values;
      queue.writeBuffer(buffer, offset, now);
    } else {
      endPass();
      encoder ??= device.createCommandEncoder();
      encoder.copyBufferToBuffer(command.from, command.fromOffset, command.to, command.toOffset, command.bytes);
    }
  }
}
