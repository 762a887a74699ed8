/** @file Parts of a page in Markdown, put together. */
import type { Markdown } from '@arrowsmith/reporting/markdown';

export const joinLines = (lines: readonly (Markdown | string)[], between = '\n'): string =>
  lines.map((line) => (typeof line === 'string' ? line : line.text)).join(between);
