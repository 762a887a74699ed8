/** @file Baselines and the regression gate. */
export * from './baseline.ts';
export * from './interval.ts';
export * from './metrics.ts';
export * from './measure.ts';
