/** @file Sources of text: the Hugging Face hub, URLs, local files, and an embedded generator of stories. */

export { embeddedStories } from './embedded/index.ts';
export type { FileContent } from './local-files.ts';
export { sourceParameters } from './parameters.ts';
export type { EmbeddedSource, FileSource, HubFile, HubSource, Source, UrlSource } from './parameters.ts';
export { readDocuments } from './read-documents.ts';
export type { Documents, ReadDocumentsOptions, SourceProgress } from './read-documents.ts';
export { resolveSource } from './resolve-source.ts';
export type {
  Resolution,
  ResolveOptions,
  ResolvedFileSource,
  ResolvedHubSource,
  ResolvedSource,
} from './resolve-source.ts';
export type { RetryPolicy } from './retry.ts';
export { isHeldOut } from './split.ts';
