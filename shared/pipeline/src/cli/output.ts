/** @file How a command's result is shown, and where: on the console, or in a file, which is free of what Nx prints around it. */
import { resolve } from 'node:path';
import { writeFileAtomic } from '@arrowsmith/artifacts/store';
import { print } from '@arrowsmith/errors';
import { format, text } from './options.ts';

/** The same for every command that has a result: for people, unless it is for a page or a program. */
export const outputOptions = {
  markdown: format('Prints Markdown.'),
  json: format('Prints JSON.'),
  output: text('Writes to this file instead.', 'file'),
} as const;

/** @param file relative to the workspace's root; the console by default @param to what prints */
export async function put(
  shown: string,
  { root, file, to = print }: { root: string; file: string | undefined; to?: (text: string) => void },
): Promise<void> {
  if (file === undefined) return to(shown);
  await writeFileAtomic(resolve(root, file), `${shown.trimEnd()}\n`);
  to(`written to ${file}`);
}
