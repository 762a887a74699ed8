/** @file Data order, optimizer, schedule, the training loop, checkpoints, and the loss over a split. */
export { checkLoss } from './check-loss.ts';
export { loadCheckpoint, saveCheckpoint, type TrainingState } from './checkpoint.ts';
export { batchOrder, checkVision, evenlySpread, patchTensor, readBatch, type Batch, type TokenRows } from './data.ts';
export { hiddenStates, splitLoss, type RowLosses, type SplitLoss } from './evaluate.ts';
export { batchGradients, type BatchGradients } from './gradients.ts';
export type { LogRow } from './log.ts';
export { LOSS_SCALE, type LossScaleRule, skippedSteps } from './loss-scale.ts';
export { train, TrainingInterrupted, trainStep, type Adapting, type TrainOptions } from './loop.ts';
export { availableMemory, checkMemory, fitsMemory, type MemoryLimits } from './check-memory.ts';
export { describeBytes, type GraphicsMemory, graphicsMemory } from './graphics-memory.ts';
export { estimateMemory, type StoredSize, type TrainingMemory, type TrainingMemoryOptions } from './memory.ts';
export { initialState, muonNames, updateParameters, type OptimizerState } from './optimizer.ts';
export { trainingParameters, type OptimizerParameters, type TrainingParameters } from './parameters.ts';
export {
  completeParameters,
  firstQuantizedStep,
  learningRate,
  shortenedWarmup,
  warmupSteps,
  type CompleteParameters,
} from './schedule.ts';
export { readTokenTable, type TokenTable } from './token-table.ts';
export { measureTraining, type TrainingTime } from './measure-training.ts';
