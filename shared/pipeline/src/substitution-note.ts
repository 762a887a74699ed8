/** @file What is said of a corpus, or another thing, that stands in for what was asked for. */
import { printable, wrapText } from '@arrowsmith/errors';

/** Lines that nobody overlooks. @param columns of the terminal; undefined where none shows them */
export const substitutionNote = (substitution: string, columns = Infinity): string =>
  wrapText(`!! ${printable(substitution)}`, columns).join('\n');
