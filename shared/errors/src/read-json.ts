/** @file Reads files of JSON that people or other programs wrote. */
import { readFile, stat } from 'node:fs/promises';
import { refusePipe } from './refuse-pipe.ts';
import { UserError, type UserErrorParts } from './user-error.ts';

/** What is said where there is no such file, or something else in it; where it is, and what was found, are added. */
export interface JsonProblem extends Pick<UserErrorParts, 'what' | 'expected' | 'fix'> {
  /** A larger file is not read; none by default. */
  mostBytes?: number;
}

/** @throws UserError for a file that is not there, is too large, a pipe or a device, or not a JSON object */
export async function readJsonObject(
  path: string,
  { mostBytes = Infinity, ...problem }: JsonProblem,
): Promise<Record<string, unknown>> {
  refusePipe(path);
  try {
    const { size } = await stat(path);
    if (size > mostBytes) throw new TypeError(`${size} bytes, which is more than ${mostBytes}`);
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError('not an object');
    return json as Record<string, unknown>;
  } catch (cause) {
    throw new UserError({ ...problem, where: path, found: (cause as Error).message }, { cause });
  }
}
