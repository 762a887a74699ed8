/** @file What commands of other packages are made of. */
export { commandFlags, main } from './main.ts';
export { commandHelp, type CommandUsage, flag, readCount, readOptions, text, texts } from './options.ts';
