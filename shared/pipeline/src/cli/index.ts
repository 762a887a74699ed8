/** @file What commands of other packages are made of. */
export { commandFlags, main } from './main.ts';
export { commandHelp } from './command-help.ts';
export { type CommandUsage, flag, format, readCount, readOptions, text, texts } from './options.ts';
export { outputOptions, put } from './output.ts';
export { startProgress } from '../progress.ts';
