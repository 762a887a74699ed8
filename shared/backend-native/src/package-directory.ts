/** @file Where this package is: sources are compiled from there, and the result is kept there. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** Found through Node's resolution, and not beside this file, which may be part of a bundle that is somewhere else. */
export function packageDirectory(): string {
  return dirname(dirname(createRequire(import.meta.url).resolve('@arrowsmith/backend-native/build')));
}
