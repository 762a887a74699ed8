/** @file The keys and values themselves: one pool of memory, with which is done what its bookkeeping says. */
import { type DecoderConfig, type KvPass, type KvPlacement, KvPool, type KvPrecision } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import type { KvMemory, KvSequence, KvUse, RowCopy } from '../kv/index.ts';
import { placementOf, planMember } from './pass-plan.ts';
import type { KeptOutside, PassMember, SequenceStore } from './sequence-store.ts';

export class KvStore implements SequenceStore {
  readonly memory: KvMemory;
  readonly #pool: KvPool;

  /** @param precision the memory's */
  constructor(config: DecoderConfig, memory: KvMemory, precision: KvPrecision = 'f32') {
    this.memory = memory;
    this.#pool = new KvPool(config, memory.elements, precision);
  }

  dispose(): void {
    this.#pool.dispose();
  }

  get blockSize(): number {
    return this.memory.blockSize;
  }

  add(...prompt: Parameters<KvMemory['add']>): KvSequence | undefined {
    return this.memory.add(...prompt);
  }

  extend(sequence: KvSequence, count: number): boolean {
    const copies = this.memory.extend(sequence, count);
    this.#copy(copies ?? []);
    return copies !== undefined;
  }

  commit(sequence: KvSequence, tokens: readonly number[]): void {
    this.memory.commit(sequence, tokens);
  }

  fork(sequence: KvSequence): KvSequence | undefined {
    const fork = this.memory.fork(sequence);
    this.#copy(fork?.copies ?? []);
    return fork?.sequence;
  }

  free(sequence: KvSequence): void {
    this.memory.free(sequence);
  }

  swapOut(sequence: KvSequence): KeptOutside {
    const { swapped, save } = this.memory.swapOut(sequence);
    const pieces = save.map(({ group, from, to, rows }) => ({
      group,
      at: to,
      values: this.#pool.take(this.#layerOf(group), from, rows),
    }));
    const dispose = () => tf.dispose(pieces.map(({ values }) => values));
    return {
      isLost: false,
      dispose,
      bringBack: () => {
        const back = this.memory.swapIn(swapped);
        if (back === undefined) return undefined;
        this.#copy(back.copies);
        for (const { group, from, to, rows } of back.restore) {
          const piece = pieces.find((each) => each.group === group && each.at === from);
          if (piece?.values[0]?.shape[0] !== rows)
            throw new Error(`no ${rows} rows of group ${group} are kept at ${from}`);
          this.#pool.put(this.#layerOf(group), to, piece.values);
        }
        dispose();
        return back.sequence;
      },
    };
  }

  /** All of them have one memory. */
  isBeside(): boolean {
    return true;
  }

  /** It is the process's own. */
  isLost(): boolean {
    return false;
  }

  use(): KvUse {
    return this.memory.use();
  }

  check(): void {
    this.memory.check();
  }

  /** The pass that computes tokens in flight of some sequences. Who runs it commits them. */
  pass(members: readonly PassMember[]): KvPass {
    const plan = members.map((member) => planMember(this.memory, member));
    return this.#pool.pass(placementOf(plan, this.memory));
  }

  /** The pass whose tokens lie so. */
  passOf(placement: KvPlacement): KvPass {
    return this.#pool.pass(placement);
  }

  /** Makes copies, one after the other. */
  #copy(copies: readonly RowCopy[]): void {
    for (const each of copies) this.#pool.copy(this.#layerOf(each.group), each);
  }

  /** A layer of a group, as all of its layers have rows of one size. */
  #layerOf(group: number): number {
    const layer = this.memory.groups[group]?.layers[0];
    if (layer === undefined) throw new Error(`group ${group} has no layers`);
    return layer;
  }
}
