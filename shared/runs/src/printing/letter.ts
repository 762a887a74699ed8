/** @file How runs are called in what is printed of a comparison. */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A is the run that the others are compared with. */
export const letter = (i: number): string => LETTERS[i] ?? `run ${i + 1}`;
