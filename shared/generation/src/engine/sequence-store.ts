/** @file Where the sequences of an engine have their keys and values: what whoever schedules them asks of it, wherever that is. */
import type { DecoderConfig, KvPrecision, RemoteKvPass } from '@arrowsmith/model';
import type { KvMemory, KvSequence } from '../kv/index.ts';

/** New tokens of a sequence in a pass: those in flight, or the last of them, where the others were computed before. */
export interface PassMember {
  kv: KvSequence;
  tokens: readonly number[];
}

/** Keys and values of a sequence that others have taken the memory of. */
export interface KeptOutside {
  /** Brings them back, which ends this; undefined where there is no room. */
  bringBack(): KvSequence | undefined;
  readonly isLost: boolean;
  dispose(): void;
}

/** What `KvMemory` asks for in words is done here: copies are made, and blocks moved, at once. */
export interface SequenceStore extends Pick<KvMemory, 'add' | 'commit' | 'free' | 'use' | 'check'> {
  /** Sequences share beginnings in blocks of so many tokens. */
  readonly blockSize: number;
  /** Makes room for tokens to be computed. @returns whether there is any; where not, nothing has changed */
  extend(sequence: KvSequence, count: number): boolean;
  /** A second sequence with the same tokens; undefined where there is no room. */
  fork(sequence: KvSequence): KvSequence | undefined;
  /** Takes a sequence out of memory. */
  swapOut(sequence: KvSequence): KeptOutside;
  /** Whether one of them makes room for the other by leaving. */
  isBeside(sequence: KvSequence, other: KvSequence): boolean;
  /** Whether the memory that the sequence was in is gone, and all that was computed of it. It is to be freed, and computed anew. */
  isLost(sequence: KvSequence): boolean;
  dispose(): void | Promise<void>;
}

/** A store elsewhere, where attention is computed, too. */
export interface RemoteKvStore extends SequenceStore {
  /** The pass that computes tokens in flight of some sequences. It fails by {@link KeysLost} where memory is lost meanwhile. */
  pass(members: readonly PassMember[]): RemoteKvPass;
}

/** Who keeps keys and values elsewhere. */
export interface AttentionTier {
  /**
   * @param memory the bookkeeping of one of the memories that there are
   * @throws UserError where the backend, or the decoder, does not go with the precision
   */
  open(config: DecoderConfig, memory: () => KvMemory, precision: KvPrecision): RemoteKvStore;
}

/** Memory is lost, and with it what a pass was to compute: nothing of that pass counts. */
export class KeysLost extends Error {
  override readonly name = 'KeysLost';
}
