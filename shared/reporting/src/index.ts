/** @file Tables, plots and self-contained HTML reports of runs. */
export * from './comparison.ts';
export * from './report.ts';
export * from './run.ts';
