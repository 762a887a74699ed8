/** @file How wide help is. */

/** Columns of help, which reads badly on longer lines. @param columns of the terminal; undefined where none shows it */
export const helpWidth = (columns = 100): number => Math.max(40, Math.min(100, columns));
