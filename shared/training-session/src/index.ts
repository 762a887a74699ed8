/** @file What goes on around the training loop in a stage. */
export { checkRows } from './check-rows.ts';
export { startSession, type TrainingSession } from './session.ts';
