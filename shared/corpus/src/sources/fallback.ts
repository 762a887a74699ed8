/** @file What to do when a server cannot be reached: stop, or take the embedded corpus instead. */
import * as z from 'zod';
import { type EmbeddedSource, stories } from './embedded.ts';

/** The parameters of a source whose text comes from a server. */
export const fallback = (server: string) => ({
  whenUnreachable: z
    .enum(['fail', 'embedded'])
    .default('fail')
    .describe(`what to do when the ${server} cannot be reached: stop, or use the embedded corpus instead`),
  embedded: z.strictObject(stories).prefault({}).describe(`the embedded corpus used when the ${server} is unreachable`),
});

type Fallback = z.infer<z.ZodObject<ReturnType<typeof fallback>>>;

/** A source without these parameters, which say nothing of its text. */
export function withoutFallback<S extends Fallback>(source: S): Omit<S, keyof Fallback> {
  const { whenUnreachable: _whenUnreachable, embedded: _embedded, ...rest } = source;
  return rest;
}

/** What a source with these parameters becomes when its server cannot be reached. */
export const embeddedInstead = ({ whenUnreachable, embedded }: Fallback): EmbeddedSource | undefined =>
  whenUnreachable === 'embedded' ? { type: 'embedded', ...embedded } : undefined;
