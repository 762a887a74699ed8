/** @file Deterministic automata over bytes, whose states are made when they are first reached. */
import { type Expression, NEVER } from './expression.ts';
import { compile, type Nfa } from './nfa.ts';
import { StateLimit } from './state-limit.ts';
import { UserError } from '@arrowsmith/errors';

/** The state behind a byte that no text of the language has there. */
export const DEAD = -1;

/** Not looked at yet. */
const UNKNOWN = -2;

/**
 * The language of an expression. Each state but {@link DEAD} has a way to an accepting one. States of the nondeterministic automaton are
 * put together as they are reached (Rabin and Scott 1959), so that no more of them are made than texts need.
 */
export class Automaton {
  /** The state before the first byte. */
  readonly start: number;
  readonly #nfa: Nfa;
  /** States by the states of the nondeterministic automaton that they are. */
  readonly #states = new Map<string, number>();
  readonly #members: Uint32Array[] = [];
  readonly #next: Int32Array[] = [];
  #size = 0;

  /** @throws UserError where the expression has no text, or more states than the limit has */
  constructor(expression: Expression, limit: StateLimit = new StateLimit()) {
    if (expression === NEVER) {
      throw new UserError({
        what: 'no output can follow what is asked for',
        expected: 'a grammar that at least one text follows',
        fix: 'look for an empty class, false as a schema, and required recursion without an end',
      });
    }
    limit.check(expression);
    this.#nfa = compile(expression);
    this.start = this.#stateOf([this.#nfa.start]);
  }

  /** Numbers that it keeps, which become more as texts reach states. */
  get size(): number {
    return this.#size;
  }

  /** The state behind a byte. */
  step(state: number, byte: number): number {
    const next = this.#next[state];
    if (next === undefined) return DEAD;
    const known = next[byte] ?? DEAD;
    if (known !== UNKNOWN) return known;
    const reached: number[] = [];
    for (const member of this.#members[state] ?? []) {
      for (const { bytes, to } of this.#nfa.steps[member] ?? []) {
        if (bytes[0] <= byte && byte <= bytes[1]) reached.push(to);
      }
    }
    return (next[byte] = reached.length === 0 ? DEAD : this.#stateOf(reached));
  }

  /** The state behind bytes. */
  run(state: number, bytes: Iterable<number>): number {
    let at = state;
    for (const byte of bytes) at = this.step(at, byte);
    return at;
  }

  /** Whether the text so far is of the language. */
  accepts(state: number): boolean {
    return this.#members[state]?.includes(this.#nfa.end) ?? false;
  }

  /** Whether a text is of the language. */
  matches(text: string): boolean {
    return this.accepts(this.run(this.start, new TextEncoder().encode(text)));
  }

  #stateOf(reached: readonly number[]): number {
    const { steps, also, end } = this.#nfa;
    const all = new Set(reached);
    for (const member of all) for (const each of also[member] ?? []) all.add(each); // those added are looked at, too
    // Two states differ by what they do: those that only lead to others do nothing.
    const members = Uint32Array.from(all)
      .filter((member) => member === end || (steps[member]?.length ?? 0) > 0)
      .sort();
    const name = members.join();
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    const state = this.#members.push(members) - 1;
    this.#next.push(new Int32Array(256).fill(UNKNOWN));
    this.#states.set(name, state);
    this.#size += members.length + 256;
    return state;
  }
}
