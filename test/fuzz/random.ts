/** @file Random numbers that a seed determines, so that a case can be made again. */

/** A number from 0 on, less than `count`. */
export type Below = (count: number) => number;

/** The random numbers of case `index` of a reader. (Mulberry32, seeded by FNV-1a of all three.) */
export function randomOfCase(reader: string, seed: number, index: number): Below {
  let state = 0x811c9dc5;
  for (const character of `${reader} ${seed} ${index}`) {
    state = Math.imul(state ^ character.codePointAt(0)!, 0x01000193);
  }
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * count);
  };
}

export function pick<T>(below: Below, choices: readonly T[]): T {
  return choices[below(choices.length)]!;
}
