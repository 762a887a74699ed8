/** @file The types of sources of text. */
import * as z from 'zod';
import { embedded } from './embedded.ts';
import { file } from './file.ts';
import { hub } from './hub.ts';
import { packages } from './package.ts';
import { pictures } from './pictures.ts';
import type { SourceType } from './source-type.ts';
import { url } from './url.ts';

/** By the name that `type` has in a pipeline file. */
export const sourceTypes = { hub, package: packages, url, file, embedded, pictures };

const [first, ...others] = Object.values(sourceTypes).map(({ parameters }) => parameters);

/** A source of text, told apart by its `type`. */
export const sourceParameters = z.discriminatedUnion('type', [first!, ...others]);

export type Source = z.infer<typeof sourceParameters>;

/** A source whose text is determined: two that are equal give the same documents, on any machine. */
export type ResolvedSource = Resolved<(typeof sourceTypes)[keyof typeof sourceTypes]>;
type Resolved<T> = T extends { resolve(...asked: never): Promise<infer R> } ? R : never;

/** What is to be asked about a source. */
export function sourceTypeOf({ type }: Pick<Source, 'type'>): SourceType<Source, ResolvedSource> {
  return sourceTypes[type];
}
