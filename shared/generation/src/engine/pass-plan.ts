/** @file Which tokens a pass computes, and where their keys and values lie: plain numbers, that another process may be told. */
import type { KvPlacement } from '@arrowsmith/model';
import { positionsFrom } from '@arrowsmith/ops';
import type { KvMemory } from '../kv/index.ts';
import type { PassMember } from './sequence-store.ts';

/** The part of a sequence in a pass. */
export interface MemberPlan {
  /** How many tokens are computed: the last of the sequence. */
  tokens: number;
  /** Keys of the sequence, theirs included. */
  length: number;
  /** For each group of layers. */
  groups: {
    /** First rows of the blocks that hold those keys. */
    blocks: Int32Array;
    /** Rows that the tokens' keys and values are written to. */
    slots: Int32Array;
  }[];
}

/** Of each sequence in the pass. */
export type PassPlan = readonly MemberPlan[];

/** What a pass needs to know of memory besides. */
export type PassMemory = Pick<KvMemory, 'layers' | 'blockSize'>;

/** @param memory that the sequence is in */
export function planMember(memory: KvMemory, { kv, tokens }: PassMember): MemberPlan {
  const length = kv.length + kv.inFlight;
  const blocks = Math.ceil(length / memory.blockSize);
  return {
    tokens: tokens.length,
    length,
    groups: memory.groups.map((_, group) => ({
      blocks: memory.blocks(kv, group).subarray(0, blocks),
      slots: memory.slots(kv, group).subarray(-tokens.length),
    })),
  };
}

/** The positions of a pass's tokens in their sequences. */
export function positionsOf(plan: PassPlan): number[] {
  return plan.flatMap(({ tokens, length }) => positionsFrom(length - tokens, tokens));
}

/** Where a planned pass reads and writes. Who runs it commits its tokens. */
export function placementOf(plan: PassPlan, { layers, blockSize }: PassMemory): KvPlacement {
  const queryOffsets = [0];
  for (const { tokens } of plan) queryOffsets.push((queryOffsets.at(-1) ?? 0) + tokens);
  const lengths = plan.map(({ length }) => length);
  const groups = (plan[0]?.groups ?? []).map((_, group) => ({
    blocks: plan.flatMap((member) => Array.from(member.groups[group]?.blocks ?? [])),
    slots: plan.flatMap((member) => Array.from(member.groups[group]?.slots ?? [])),
  }));
  const placeOf = (layer: number) => {
    const place = layers[layer];
    const ofGroup = place && groups[place.group];
    if (place === undefined || ofGroup === undefined) throw new Error(`layer ${layer} has no place in memory`);
    return { ...place, ...ofGroup };
  };
  return {
    positions: positionsOf(plan),
    layout(layer) {
      const { blocks, keyOffset, valueOffset } = placeOf(layer);
      return { queryOffsets, lengths, blocks, blockSize, keyOffset, valueOffset };
    },
    slots(layer) {
      const { slots, keyOffset, valueOffset } = placeOf(layer);
      return { keys: slots.map((slot) => slot + keyOffset), values: slots.map((slot) => slot + valueOffset) };
    },
    commit() {},
  };
}
