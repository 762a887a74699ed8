/**
 * @file An engine without a model, for tests of the memory of keys and values. It keeps what a model would have written, so that every key that is
 * seen can be compared with the token that it should be of: the key of a token, in a layer, is a number that no other token has, unless all before it
 * are the same and the salt is.
 */
import type { DecoderConfig } from '@arrowsmith/model';
import type { KvMemory, KvSequence, RowCopy, SwappedSequence } from '../kv-memory.ts';

interface Content {
  salt: string;
  tokens: number[];
}

/** A sequence of the memory's, and what it should contain. */
export interface Shadow extends Content {
  sequence: KvSequence;
  /** Those in flight are the tokens after the sequence's length. */
  tokens: number[];
}

export interface ShadowSwapped extends Content {
  swapped: SwappedSequence;
  /** For each group, its elements. */
  outside: Int32Array[];
}

/** Some tokens in their order, and those that are one longer. */
interface Prefix {
  name: number;
  next: Map<number, Prefix>;
}

/** What is in memory that nobody has written to, or only someone who does not matter any more. */
const NOTHING = 0;

export class ShadowEngine {
  readonly memory: KvMemory;
  readonly #config: DecoderConfig;
  readonly sequences: Shadow[] = [];
  readonly swapped: ShadowSwapped[] = [];
  /** How often something happened that a schedule may miss. */
  readonly events = { prefixes: 0, copies: 0, refusals: 0, movesAtSwapIn: 0 };
  readonly #pool: Int32Array;
  /** For each layer, the first that is at its place. */
  readonly #owners: number[];
  /** By salt: all that any sequence began with. */
  readonly #roots = new Map<string, Prefix>();
  #prefixes = 0;

  constructor(memory: KvMemory, config: DecoderConfig) {
    this.memory = memory;
    this.#config = config;
    this.#pool = new Int32Array(memory.elements).fill(NOTHING);
    this.#owners = memory.layers.map(({ group, keyOffset }) =>
      memory.layers.findIndex((other) => other.group === group && other.keyOffset === keyOffset),
    );
  }

  /** Whether there was room. */
  add(tokens: readonly number[], salt: string): boolean {
    const sequence = this.memory.add(tokens, { salt });
    if (sequence === undefined) return this.#refused();
    if (sequence.length > 0) this.events.prefixes++;
    if (sequence.length >= tokens.length) throw new Error('there is nothing left to compute');
    this.sequences.push({ sequence, salt, tokens: tokens.slice(0, sequence.length) });
    return true;
  }

  /** Whether there was room for these. */
  extend(shadow: Shadow, tokens: readonly number[]): boolean {
    const isLeast = this.sequences.length === 1 && shadow.sequence.inFlight === 0 && tokens.length === 1;
    const copies = this.memory.extend(shadow.sequence, tokens.length);
    if (copies === undefined && isLeast) throw new Error('there is no room for one token of one sequence');
    if (copies === undefined) return this.#refused();
    this.#copy(copies);
    shadow.tokens.push(...tokens);
    return true;
  }

  /** Computes what is in flight, looks at all that its queries see, and commits the first `count` tokens. */
  commit(shadow: Shadow, count: number): void {
    const { sequence, tokens } = shadow;
    const names = this.#namesOf(shadow);
    const inFlight = names.slice(sequence.length);
    for (const [layer, { group, keyOffset, valueOffset }] of this.memory.layers.entries()) {
      for (const [i, slot] of this.memory.slots(sequence, group).entries()) {
        const key = this.#keyOf(inFlight[i]!, layer);
        this.#row(group, slot + keyOffset).fill(key);
        this.#row(group, slot + valueOffset).fill(-key);
      }
    }
    this.#look(shadow, names, sequence.length, tokens.length);
    this.memory.commit(sequence, tokens.slice(sequence.length, sequence.length + count));
    tokens.length = sequence.length;
  }

  /** Whether there was room. */
  fork({ sequence, salt, tokens }: Shadow): boolean {
    const fork = this.memory.fork(sequence);
    if (fork === undefined) return this.#refused();
    this.#copy(fork.copies);
    this.sequences.push({ sequence: fork.sequence, salt, tokens: [...tokens] });
    return true;
  }

  free(shadow: Shadow): void {
    this.memory.free(shadow.sequence);
    this.#remove(shadow);
  }

  swapOut(shadow: Shadow): void {
    const { swapped, save } = this.memory.swapOut(shadow.sequence);
    const outside = swapped.rows.map((rows, group) => new Int32Array(rows * this.#rowElements(group)));
    for (const { group, from, to, rows } of save) {
      const size = this.#rowElements(group);
      outside[group]!.set(this.#pool.subarray(from * size, (from + rows) * size), to * size);
    }
    this.#remove(shadow);
    this.swapped.push({ swapped, outside, salt: shadow.salt, tokens: shadow.tokens.slice(0, swapped.length) });
  }

  /** Whether there was room. */
  swapIn(saved: ShadowSwapped): boolean {
    const back = this.memory.swapIn(saved.swapped);
    if (back === undefined) return this.#refused();
    if (back.copies.length > 0) this.events.movesAtSwapIn++;
    this.#copy(back.copies);
    for (const { group, from, to, rows } of back.restore) {
      const size = this.#rowElements(group);
      this.#pool.set(saved.outside[group]!.subarray(from * size, (from + rows) * size), to * size);
    }
    this.swapped.splice(this.swapped.indexOf(saved), 1);
    this.sequences.push({ sequence: back.sequence, salt: saved.salt, tokens: saved.tokens });
    return true;
  }

  /** Looks at all that any query may see, and at the accounts. @throws Error where something is not as it should be */
  check(): void {
    this.memory.check();
    for (const shadow of this.sequences) {
      const { length } = shadow.sequence;
      this.#look(
        shadow,
        this.#namesOf(shadow).slice(0, length),
        length,
        Math.min(length + 1, this.memory.contextLength),
      );
    }
  }

  /** Looks at what the queries of positions see of the tokens that are computed, which have names. */
  #look({ sequence }: Shadow, names: readonly number[], from: number, to: number): void {
    const tables = this.memory.groups.map((_, group) => this.memory.blocks(sequence, group));
    const { blockSize, layers } = this.memory;
    for (const [layer, { group, keyOffset, valueOffset }] of layers.entries()) {
      const { window, chunk } = this.#config.layers[layer]!.attention;
      for (let query = from; query < to; query++) {
        for (let j = Math.min(query, names.length - 1); j >= 0; j--) {
          if (window > 0 && query - j >= window) break;
          if (chunk > 0 && Math.floor(query / chunk) !== Math.floor(j / chunk)) break;
          const first = tables[group]![Math.floor(j / blockSize)]!;
          const key = this.#keyOf(names[j]!, layer);
          const row = first + (j % blockSize);
          const isThere =
            first >= 0 && this.#has(group, row + keyOffset, key) && this.#has(group, row + valueOffset, -key);
          if (!isThere) throw new Error(`the query at ${query} does not see token ${j} in layer ${layer}`);
        }
      }
    }
  }

  #refused(): false {
    this.events.refusals++;
    return false;
  }

  #copy(copies: readonly RowCopy[]): void {
    if (copies.length > 0) this.events.copies++;
    for (const { group, from, to, rows } of copies) {
      const size = this.#rowElements(group);
      this.#pool.copyWithin(to * size, from * size, (from + rows) * size);
    }
  }

  #remove(shadow: Shadow): void {
    this.sequences.splice(this.sequences.indexOf(shadow), 1);
  }

  #rowElements(group: number): number {
    const { kvHeads, headDim } = this.memory.groups[group]!;
    return kvHeads * headDim;
  }

  #row(group: number, row: number): Int32Array {
    const size = this.#rowElements(group);
    if (row < 0 || (row + 1) * size > this.#pool.length) throw new Error(`row ${row} is outside of the pool`);
    return this.#pool.subarray(row * size, (row + 1) * size);
  }

  #has(group: number, row: number, value: number): boolean {
    const size = this.#rowElements(group);
    for (let i = row * size; i < (row + 1) * size; i++) if (this.#pool[i] !== value) return false;
    return true;
  }

  /** What is written for a token in a layer: the same for layers that share keys, other than in all other layers. */
  #keyOf(name: number, layer: number): number {
    return name * this.#owners.length + this.#owners[layer]!;
  }

  /** For each token the number of it and all before it. */
  #namesOf({ salt, tokens }: Content): number[] {
    let prefix = this.#roots.get(salt) ?? this.#prefix();
    this.#roots.set(salt, prefix);
    return tokens.map((token) => {
      const next = prefix.next.get(token) ?? this.#prefix();
      prefix.next.set(token, next);
      prefix = next;
      return next.name;
    });
  }

  #prefix(): Prefix {
    return { name: ++this.#prefixes, next: new Map() };
  }
}
