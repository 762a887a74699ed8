/** @file Where a command's text goes: to the console, or to a file, which is free of what Nx prints around it. */
import { resolve } from 'node:path';
import { writeFileAtomic } from '@arrowsmith/artifacts/store';
import { print } from '@arrowsmith/errors';

/** @param file relative to the workspace's root; the console by default */
export async function put(text: string, { root, file }: { root: string; file: string | undefined }): Promise<void> {
  if (file === undefined) return print(text);
  await writeFileAtomic(resolve(root, file), `${text.trimEnd()}\n`);
  print(`written to ${file}`);
}
