/** @file Speeds of backends on this machine: measured, kept, and what they make of a step. For who tells people of them. */
export { describeFactor } from './choose.ts';
export { keepSpeeds, type KeptSpeeds, readSpeeds, speedsFile } from './kept.ts';
export { machineDigest, mayHaveAdapter } from './machine.ts';
export { measureBackends } from './measure-backends.ts';
export { type Effort, measureSpeed } from './measure.ts';
export { type Speed, workSeconds, type Work } from './speed.ts';
