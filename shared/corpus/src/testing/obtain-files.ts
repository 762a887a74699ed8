/** @file The files of a source, whatever its type. For tests. */

import type { CorpusFiles, ObtainOptions } from '../obtain-files.ts';
import { sourceTypeOf } from '../sources/index.ts';
import type { ResolvedSource } from '../sources/index.ts';

/** Gets the files of a source that has any. */
export async function obtainFiles(source: ResolvedSource, options: ObtainOptions): Promise<CorpusFiles> {
  const type = sourceTypeOf(source);
  if (!('obtain' in type)) throw new Error(`a source of type ${source.type} has no files`);
  return type.obtain(source, options);
}
