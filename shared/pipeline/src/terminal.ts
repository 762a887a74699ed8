/** @file What shows text, curves and a line that changes in a terminal; loads in no time. */
export { linePlot } from './line-plot.ts';
export { printAbove, showLine } from './live-line.ts';
