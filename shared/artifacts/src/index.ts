/** @file Arrow artifacts: tables, manifests, the content-addressed store. */
export * from './store/index.ts';
export * from './tables/index.ts';
