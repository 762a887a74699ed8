/** @file Errors for people, and text that a terminal shows and does not obey. */
export { nearest } from './nearest.ts';
export { escapeCharacter, printable, printableLine, withoutBidirectionalControls } from './printable.ts';
export { print, printError, printFailure, printPart } from './print.ts';
export { type JsonProblem, readJsonObject } from './read-json.ts';
export { type Output, outputColumns } from './output-columns.ts';
export { refusePipe } from './refuse-pipe.ts';
export { UserError, type UserErrorParts } from './user-error.ts';
export { shellLine } from './shell-line.ts';
export { wrapText } from './wrap-text.ts';
