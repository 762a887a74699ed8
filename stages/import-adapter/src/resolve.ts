/** @file Which files are meant: their content is part of the result's identity. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { refusePipe, UserError } from '@arrowsmith/errors';
import { PEFT_FILES } from '@arrowsmith/formats/peft-files';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';
import type { AskedAdapter } from './declaration.ts';

export type ResolvedAdapter = AskedAdapter & { sha256: string };

/** @throws UserError where a file is missing or cannot be read */
export async function resolveAdapter(
  { path }: AskedAdapter,
  { root }: Pick<ResolveOptions<ResolvedAdapter>, 'root'>,
): Promise<Resolution<ResolvedAdapter>> {
  const hash = createHash('sha256');
  for (const file of Object.values(PEFT_FILES)) {
    const where = join(resolve(root, path), file);
    refusePipe(where);
    const content = await readFile(where).catch((cause: NodeJS.ErrnoException) => {
      throw new UserError(
        {
          what: 'the adapter cannot be read',
          where,
          expected: `a folder with ${Object.values(PEFT_FILES).join(' and ')}`,
          found: cause.code === 'ENOENT' ? 'no such file' : cause.message,
          fix: 'correct `path` of the import in the pipeline file (paths start at the root of the workspace)',
        },
        { cause },
      );
    });
    hash.update(`${file} ${createHash('sha256').update(content).digest('hex')}\n`);
  }
  return { parameters: { path, sha256: hash.digest('hex') } };
}
