/** @file Sources of text: the Hugging Face hub, URLs, local files, and an embedded generator of stories. */

export { embeddedStories } from './embedded/index.ts';
export type { LeftOutReason } from './formats/corpus-file.ts';
export { filterParameters } from './parameters.ts';
export type { FilterParameters } from './parameters.ts';
export { CHANNELS, PICTURE_SIZE, toyPictures } from './pictures/index.ts';
export type { ToyPicture } from './pictures/index.ts';
export { hashSet } from './quality/hash-set.ts';
export type { HashSet } from './quality/hash-set.ts';
export { MAX_VOCABULARY } from './quality/measure.ts';
export { screenDocuments } from './quality/screen.ts';
export type { ScreenOptions, Screening } from './quality/screen.ts';
export { readDocuments } from './read-documents.ts';
export type { Documents, ReadDocumentsOptions, SourceProgress } from './read-documents.ts';
export { resolveSource } from './resolve-source.ts';
export type { Resolution, ResolveOptions } from './resolve-source.ts';
export type { RetryPolicy } from './retry.ts';
export type { HubSource } from './sources/hub.ts';
export { sourceParameters, sourceTypeOf } from './sources/index.ts';
export type { ResolvedSource, Source } from './sources/index.ts';
export type { PackageSource } from './sources/package.ts';
export { isHeldOut } from './split.ts';
