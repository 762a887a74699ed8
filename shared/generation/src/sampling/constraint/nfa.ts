/** @file Expressions as nondeterministic automata over bytes (Thompson 1968). */
import { byteSteps, FROM, TO } from './byte-steps.ts';
import type { Expression } from './expression.ts';
import type { ByteRange } from './utf8-ranges.ts';

/** A step from a state by a byte. */
export interface Step {
  readonly bytes: ByteRange;
  readonly to: number;
}

/** States are numbers from 0; a text is of the language if it leads from `start` to `end`. */
export interface Nfa {
  readonly start: number;
  readonly end: number;
  /** Of each state. */
  readonly steps: readonly (readonly Step[])[];
  /** States that each state is as well, without a byte. */
  readonly also: readonly (readonly number[])[];
}

/** @param expression whose size a `StateLimit` has checked */
export function compile(expression: Expression): Nfa {
  const steps: Step[][] = [];
  const also: number[][] = [];

  function addState(): number {
    also.push([]);
    return steps.push([]) - 1;
  }

  function link(from: number, to: number): void {
    also[from]?.push(to);
  }

  /** Adds states so that exactly the texts of the expression lead from one state to another. */
  function add(each: Expression, from: number, to: number): void {
    switch (each.kind) {
      case 'characters':
        addCharacter(each, from, to);
        return;
      case 'sequence': {
        let at = from;
        for (const part of each.parts) {
          const next = addState();
          add(part, at, next);
          at = next;
        }
        link(at, to);
        return;
      }
      case 'alternatives':
        for (const option of each.options) add(option, from, to);
        return;
      case 'repeat':
        addRepeat(each, from, to);
        return;
      case 'list':
        addList(each, from, to);
        return;
    }
  }

  function addCharacter(characters: Expression & { kind: 'characters' }, from: number, to: number): void {
    const { states, steps: within } = byteSteps(characters);
    const first = steps.length;
    for (let state = 0; state < states; state++) addState();
    const stateOf = (place: number): number => (place === FROM ? from : place === TO ? to : first + place);
    for (const step of within) steps[stateOf(step.from)]?.push({ bytes: step.bytes, to: stateOf(step.to) });
  }

  function addRepeat({ item, least, most }: Expression & { kind: 'repeat' }, from: number, to: number): void {
    let at = from;
    for (let count = 0; count < (most === Infinity ? least : most); count++) {
      if (count >= least) link(at, to);
      const next = addState();
      add(item, at, next);
      at = next;
    }
    if (most === Infinity) {
      const loop = addState();
      link(at, loop);
      add(item, loop, loop);
      at = loop;
    }
    link(at, to);
  }

  /** At each member there are two states: nothing has been written yet, or something has, so that a separator comes first. */
  function addList({ members, separator, more }: Expression & { kind: 'list' }, from: number, to: number): void {
    let nothing: number | undefined = from;
    let something: number | undefined;
    for (const [i, { item, optional }] of members.entries()) {
      const begin = addState();
      const behind = addState();
      if (nothing !== undefined) link(nothing, begin);
      if (something !== undefined) add(separator, something, begin);
      add(item, begin, behind);
      if (optional && something !== undefined) link(something, behind);
      if (!optional) nothing = undefined;
      if (more && i === members.length - 1) add(separator, behind, begin);
      something = behind;
    }
    if (nothing !== undefined) link(nothing, to);
    if (something !== undefined) link(something, to);
  }

  const [start, end] = [addState(), addState()];
  add(expression, start, end);
  return { start, end, steps, also };
}
