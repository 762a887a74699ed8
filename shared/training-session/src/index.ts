/** @file What goes on around the training loop in a stage. */
export { startSession, type TrainingSession } from './session.ts';
