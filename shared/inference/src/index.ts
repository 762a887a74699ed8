/** @file Text from the model of a run. */
export { findRunModel, loadRunModel, type RunModel } from './run-model.ts';
