/** @file What starts commands and runs from outside of Nx; loads in no time. */
export { ensureCode } from './nx/ensure-code.ts';
export { codeFolder } from './workspace.ts';
export { helpWidth } from './help-width.ts';
