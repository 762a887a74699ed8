/** @file What the active backend offers besides operations. Where it offers nothing of the kind, results are the same without. */
export { type DrawingKernels, drawingKernels } from './drawing.ts';
export {
  activeGraphics,
  borrowValues,
  dryRun,
  type DryRunMemory,
  type Graphics,
  lastingZeros,
  readsAtOnce,
  releaseMemory,
} from './memory.ts';
export {
  type AddResidualsBf16,
  type GatherColumns16,
  type JoinPlanes,
  type PlanesKernels,
  planesKernels,
} from './planes.ts';
export { queued, recorded, type Recording } from './queue.ts';
export { passRepeater, withoutRepeating, type PassInput, type PassRepeater, type RepeatablePass } from './repeated.ts';
export { forgetOverflow, scalesLoss } from './loss-scale.ts';
