/**
 * @file A store whose memory is in workers, one in each: here are its accounts, there keys and values. A sequence is in one of them as long as it is in
 * memory. What a lost worker had is computed anew, elsewhere or in its successor.
 */
import { borrowValues } from '@arrowsmith/backend';
import type { AttentionInputs, DecoderConfig, KvPrecision, RemoteKvPass } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { planMember, type PassPlan, positionsOf } from '../engine/pass-plan.ts';
import type { KeptOutside, PassMember, RemoteKvStore } from '../engine/sequence-store.ts';
import type { KvMemory, KvSequence, KvUse, RowCopy } from '../kv/index.ts';
import type { AttentionWorkers } from './attention-workers.ts';
import type { Vectors } from './message-table.ts';
import type { LayerRows } from './messages.ts';
import type { WorkerProcess } from './worker-process.ts';

/** What a memory is made for. */
interface Purpose {
  config: DecoderConfig;
  memory: () => KvMemory;
  precision: KvPrecision;
}

/** A memory in a worker, and its accounts. */
interface Place {
  readonly worker: WorkerProcess;
  readonly pool: number;
  readonly memory: KvMemory;
  sequences: number;
}

/** The part of a pass that one worker computes: of which tokens, by their place in the pass. */
interface Part {
  readonly place: Place;
  readonly plan: PassPlan[number][];
  readonly rows: { from: number; to: number }[];
}

export class TieredStore implements RemoteKvStore {
  readonly #workers: AttentionWorkers;
  readonly #purpose: Purpose;
  readonly #onDispose: () => Promise<void>;
  readonly #places: (Place | undefined)[];
  readonly #placeOf = new WeakMap<KvSequence, Place>();
  #passes = 0;
  #kept = 0;

  constructor(workers: AttentionWorkers, purpose: Purpose, onDispose: () => Promise<void>) {
    this.#workers = workers;
    this.#purpose = purpose;
    this.#onDispose = onDispose;
    // All at once, as starting takes a while.
    this.#places = Array.from({ length: workers.count }, (_, i) => this.#open(i));
  }

  async dispose(): Promise<void> {
    for (const place of this.#alive()) place.worker.order({ kind: 'close', pool: place.pool });
    this.#places.fill(undefined);
    await this.#onDispose();
  }

  /** Without workers nobody shares anything. */
  get blockSize(): number {
    return this.#alive()[0]?.memory.blockSize ?? Infinity;
  }

  /**
   * Where most of the prompt's beginning is there already; else where there are the fewest sequences. In a worker that is still starting, and would have
   * all others wait, only where no other has room.
   */
  add(...prompt: Parameters<KvMemory['add']>): KvSequence | undefined {
    this.#renew();
    const places = this.#alive();
    if (places.length === 0) throw this.#workers.giveUp();
    const isReady = ({ worker }: Place) => worker.isReady;
    const isStarting = ({ worker }: Place) => !worker.isReady;
    return this.#addTo(places.filter(isReady), prompt) ?? this.#addTo(places.filter(isStarting), prompt);
  }

  extend(sequence: KvSequence, count: number): boolean {
    const place = this.#of(sequence);
    const copies = place.memory.extend(sequence, count);
    this.#copy(place, copies ?? []);
    return copies !== undefined;
  }

  commit(sequence: KvSequence, tokens: readonly number[]): void {
    const { memory, worker } = this.#of(sequence);
    memory.commit(sequence, tokens);
    if (tokens.length > 0) worker.isUseful = true;
  }

  fork(sequence: KvSequence): KvSequence | undefined {
    const place = this.#of(sequence);
    const fork = place.memory.fork(sequence);
    if (fork === undefined) return undefined;
    this.#copy(place, fork.copies);
    return this.#put(place, fork.sequence);
  }

  free(sequence: KvSequence): void {
    const place = this.#of(sequence);
    place.memory.free(sequence);
    place.sequences--;
  }

  /** The worker keeps what it takes out of its memory. */
  swapOut(sequence: KvSequence): KeptOutside {
    const place = this.#of(sequence);
    const { worker, pool, memory } = place;
    const { swapped, save } = memory.swapOut(sequence);
    place.sequences--;
    const kept = ++this.#kept;
    worker.order({ kind: 'keep', pool, kept, rows: save.map(rowsIn(memory)) });
    const forget = () => worker.order({ kind: 'forget', pool, kept });
    return {
      get isLost() {
        return worker.lost !== undefined;
      },
      dispose: forget,
      bringBack: () => {
        const back = memory.swapIn(swapped);
        if (back === undefined) return undefined;
        this.#copy(place, back.copies);
        worker.order({ kind: 'restore', pool, kept, rows: back.restore.map(rowsIn(memory)) });
        forget();
        return this.#put(place, back.sequence);
      },
    };
  }

  isBeside(sequence: KvSequence, other: KvSequence): boolean {
    return this.#of(sequence) === this.#of(other);
  }

  isLost(sequence: KvSequence): boolean {
    return this.#of(sequence).worker.lost !== undefined;
  }

  /** Of all workers that there are. */
  use(): KvUse {
    const total: KvUse = { capacity: 0, held: 0, stored: 0, visible: 0, cached: 0, ideal: 0 };
    for (const { memory } of this.#alive()) {
      const use = memory.use();
      for (const key of Object.keys(total) as (keyof KvUse)[]) total[key] += use[key];
    }
    return total;
  }

  check(): void {
    for (const { memory } of this.#alive()) memory.check();
  }

  pass(members: readonly PassMember[]): RemoteKvPass {
    const pass = ++this.#passes;
    const parts = new Map<Place, Part>();
    let from = 0;
    const plan = members.map((member) => {
      const place = this.#of(member.kv);
      const own = planMember(place.memory, member);
      const part = parts.get(place) ?? { place, plan: [], rows: [] };
      const to = from + member.tokens.length;
      const last = part.rows.at(-1);
      part.plan.push(own);
      if (last?.to === from) last.to = to;
      else part.rows.push({ from, to });
      parts.set(place, part);
      from = to;
      return own;
    });
    for (const part of parts.values()) {
      const { worker, pool } = part.place;
      worker.order({ kind: 'plan', pool, pass, plan: part.plan });
    }
    return {
      positions: positionsOf(plan),
      attend: (layer, inputs) => attend([...parts.values()], { pass, layer }, inputs),
    };
  }

  #addTo(places: readonly Place[], prompt: Parameters<KvMemory['add']>): KvSequence | undefined {
    const found = places.flatMap((place) => {
      const sequence = place.memory.add(...prompt);
      return sequence === undefined ? [] : [{ place, sequence }];
    });
    const [best, ...others] = found.sort(
      (a, b) => b.sequence.length - a.sequence.length || a.place.sequences - b.place.sequences,
    );
    for (const { place, sequence } of others) place.memory.free(sequence);
    return best && this.#put(best.place, best.sequence);
  }

  #copy({ worker, pool, memory }: Place, copies: readonly RowCopy[]): void {
    if (copies.length > 0) worker.order({ kind: 'copy', pool, rows: copies.map(rowsIn(memory)) });
  }

  #put(place: Place, sequence: KvSequence): KvSequence {
    this.#placeOf.set(sequence, place);
    place.sequences++;
    return sequence;
  }

  #of(sequence: KvSequence): Place {
    const place = this.#placeOf.get(sequence);
    if (place === undefined) throw new Error('the sequence is in no worker');
    return place;
  }

  #alive(): Place[] {
    return this.#places.filter((place) => place !== undefined && place.worker.lost === undefined) as Place[];
  }

  /** Lost workers are replaced, as far as that goes. */
  #renew(): void {
    for (const [i, place] of this.#places.entries()) {
      if (place === undefined || place.worker.lost !== undefined) this.#places[i] = this.#open(i);
    }
  }

  #open(i: number): Place | undefined {
    const { config, precision } = this.#purpose;
    const memory = this.#purpose.memory(); // which may be refused, before anything is started
    const worker = this.#workers.worker(i);
    if (worker === undefined) return undefined;
    const pool = this.#workers.nextPool();
    worker.order({ kind: 'open', pool, config, memory, elements: memory.elements, precision });
    return { worker, pool, memory, sequences: 0 };
  }
}

/** Each worker attends for its sequences, all at the same time. @returns [1, n, n_h, h_d] */
async function attend(
  parts: readonly Part[],
  request: { pass: number; layer: number },
  { queries, own }: AttentionInputs,
): Promise<tf.Tensor> {
  const [q, k, v] = [queries, own?.k, own?.v].map((x) => x && vectorsOf(x));
  const answers = parts.map(async ({ place: { worker, pool }, rows }) => {
    const ofPart = (x: Vectors) => gather(x, rows);
    if (q === undefined) throw new Error('there are no queries');
    const ofOwn = k && v && { k: ofPart(k), v: ofPart(v) };
    return worker.attend({ kind: 'attend', pool, ...request, queries: ofPart(q), own: ofOwn });
  });
  const attended = await Promise.all(answers);
  const [first] = attended;
  if (first !== undefined && attended.length === 1) return tf.tensor(first.values, queries.shape);
  const together = new Float32Array(queries.size);
  for (const [i, { size, values }] of attended.entries()) {
    let at = 0;
    for (const { from, to } of parts[i]?.rows ?? []) {
      together.set(values.subarray(at, (at += (to - from) * size)), from * size);
    }
  }
  return tf.tensor(together, queries.shape);
}

/** A vector for each token, in memory that the next kernel may write to. @param x [1, n, heads, h_d] */
function vectorsOf(x: tf.Tensor): Vectors {
  const [, , heads = 0, headDim = 0] = x.shape;
  return { size: heads * headDim, values: borrowValues(x) };
}

/** The vectors of some tokens, in their order. */
function gather({ size, values }: Vectors, rows: Part['rows']): Vectors {
  const [first] = rows;
  if (first === undefined || rows.length === 1) {
    return { size, values: values.subarray((first?.from ?? 0) * size, (first?.to ?? 0) * size) };
  }
  const count = rows.reduce((sum, { from, to }) => sum + to - from, 0);
  const gathered = new Float32Array(count * size);
  let at = 0;
  for (const { from, to } of rows) {
    gathered.set(values.subarray(from * size, to * size), at);
    at += (to - from) * size;
  }
  return { size, values: gathered };
}

/** Rows of a group as those of one of its layers, as all of these have rows of one size. */
const rowsIn =
  ({ groups }: KvMemory) =>
  ({ group, ...rows }: RowCopy): LayerRows => {
    const layer = groups[group]?.layers[0];
    if (layer === undefined) throw new Error(`group ${group} has no layers`);
    return { layer, ...rows };
  };
