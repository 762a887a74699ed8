/** @file The bytes of one character of an expression, as steps between states. */
import type { Expression } from './expression.ts';
import { type ByteRange, utf8Ranges } from './utf8-ranges.ts';

type Characters = Expression & { kind: 'characters' };

/** Where a character begins, and where it ends. */
export const FROM = -1;
export const TO = -2;

/** Steps from {@link FROM} to {@link TO}, over states between them that are numbered from 0. */
export interface ByteSteps {
  readonly states: number;
  readonly steps: readonly { readonly from: number; readonly bytes: ByteRange; readonly to: number }[];
}

/** Repetitions have the same characters again and again. */
const known = new WeakMap<Characters, ByteSteps>();

/** The UTF-8 of characters, whose common ends are there once. */
export function byteSteps(characters: Characters): ByteSteps {
  const made = known.get(characters) ?? makeSteps(characters);
  known.set(characters, made);
  return made;
}

function makeSteps({ ranges }: Characters): ByteSteps {
  const steps: ByteSteps['steps'][number][] = [];
  /** States by the bytes that lead from them to the end. */
  const states = new Map<string, number>();

  function stateBefore(rest: readonly ByteRange[]): number {
    const [bytes, ...behind] = rest;
    if (bytes === undefined) return TO;
    const name = rest.join();
    const found = states.get(name);
    if (found !== undefined) return found;
    const to = stateBefore(behind);
    const from = states.size;
    states.set(name, from);
    steps.push({ from, bytes, to });
    return from;
  }

  for (const [first, ...rest] of ranges.flatMap(utf8Ranges)) {
    if (first !== undefined) steps.push({ from: FROM, bytes: first, to: stateBefore(rest) });
  }
  return { states: states.size, steps };
}
