/** @file Sources of text: the Hugging Face hub, URLs, local files, and an embedded generator of stories. */

export { embeddedStories } from './embedded/index.ts';
export type { FileContent } from './local-files.ts';
export type { LeftOutReason } from './formats/corpus-file.ts';
export { filterParameters, sourceParameters } from './parameters.ts';
export type {
  EmbeddedSource,
  FileSource,
  FilterParameters,
  HubFile,
  HubSource,
  PackageSource,
  PicturesSource,
  Source,
  UrlSource,
} from './parameters.ts';
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
export type {
  Resolution,
  ResolveOptions,
  ResolvedFileSource,
  ResolvedHubSource,
  ResolvedPackageSource,
  ResolvedSource,
} from './resolve-source.ts';
export type { RetryPolicy } from './retry.ts';
export { isHeldOut } from './split.ts';
