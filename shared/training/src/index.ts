/** @file Data order, optimizer, schedule, the training loop, checkpoints, and the loss over a split. */
export { batchOrder, evenlySpread, readBatch, type Batch, type TokenRows } from './data.ts';
export { splitLoss, type SplitLoss } from './evaluate.ts';
export type { LogRow } from './log.ts';
export { train, TrainingInterrupted, type TrainOptions } from './loop.ts';
export { trainingParameters, type OptimizerParameters, type TrainingParameters } from './parameters.ts';
export { learningRate } from './schedule.ts';
export { readTokenTable, type TokenTable } from './token-table.ts';
