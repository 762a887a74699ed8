/** @file The content-addressed store and what surrounds it; loads without apache-arrow, in milliseconds. */
export * from './atomic-file.ts';
export * from './blobs.ts';
export * from './canonical-json.ts';
export * from './filesystem-errors.ts';
export * from './generation.ts';
export * from './lock.ts';
export * from './manifest.ts';
export * from './memo.ts';
