/** @file How large what output has to follow may be. It is told before anything is built, so that a refusal costs nothing. */
import { UserError } from '@arrowsmith/errors';
import { byteSteps } from './byte-steps.ts';
import type { Expression } from './expression.ts';

/** Most states where nobody says how many: some tens of megabytes. */
const MOST_STATES = 300_000;

/** Levels of parts within parts at most: what reads and compiles them calls itself for each, and the stack has an end. */
const MOST_LEVELS = 200;

/** Counts states that there will be at least, while an expression is made. */
export class StateLimit {
  readonly most: number;
  #left: number;

  /** @param most states that an automaton may have */
  constructor(most = MOST_STATES) {
    this.most = most;
    this.#left = most;
  }

  /** Takes note of a part that takes so many states, or as much time as these. @throws UserError where that is too much */
  spend(states: number): void {
    this.#left -= states;
    if (!(this.#left >= 0)) throw this.#tooLarge(`more than ${this.most}`);
  }

  /** @throws UserError where the automaton of an expression would have too many states, as of repetitions within repetitions */
  check(expression: Expression): void {
    const states = stateCount(expression);
    if (states > this.most) throw this.#tooLarge(states.toLocaleString('en'));
  }

  #tooLarge(found: string): UserError {
    return new UserError({
      what: 'what the output has to follow is too large',
      expected: `an automaton of at most ${this.most} states`,
      found,
      fix: 'ask for fewer repetitions, shorter bounds, or less depth',
    });
  }
}

/** @param levels of parts around one @throws UserError where they are too many */
export function checkLevels(levels: number): void {
  if (levels <= MOST_LEVELS) return;
  throw new UserError({
    what: 'what the output has to follow is nested too deeply',
    expected: `at most ${MOST_LEVELS} levels`,
    found: 'more',
    fix: 'ask for less depth',
  });
}

/** @throws UserError where JSON has more levels of arrays and objects than there may be. Depth costs no stack here, as it does in JSON.stringify */
export function checkNesting(json: unknown): void {
  let level = [json];
  for (let levels = 0; level.length > 0; levels++) {
    checkLevels(levels);
    const inner = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
    level = [...new Set(inner)]; // objects of a program may hold one another twice
  }
}

/** How many states `compile` makes of an expression. */
export function stateCount(expression: Expression): number {
  const known = new Map<Expression, number>();
  const count = (each: Expression): number => {
    const states = known.get(each) ?? countOf(each);
    known.set(each, states);
    return states;
  };
  const sum = (all: readonly Expression[]): number => all.reduce((states, each) => states + count(each), 0);

  function countOf(each: Expression): number {
    switch (each.kind) {
      case 'characters':
        return byteSteps(each).states;
      case 'sequence':
        return each.parts.length + sum(each.parts);
      case 'alternatives':
        return sum(each.options);
      case 'repeat': {
        const { item, least, most } = each;
        return (most === Infinity ? least + 1 : most) * (1 + count(item));
      }
      case 'list': {
        const { members, separator, more } = each;
        const separators = Math.max(0, members.length - 1) + (more && members.length > 0 ? 1 : 0);
        return 2 * members.length + sum(members.map(({ item }) => item)) + separators * count(separator);
      }
    }
  }

  return 2 + count(expression);
}
