/** @file What shows text and curves in a terminal; loads in no time. */
export { linePlot } from './line-plot.ts';
export { wrapText } from './wrap-text.ts';
