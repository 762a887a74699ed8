/** @file Which text a download will read, decided before it is known whether there is anything to do. */
import { resolveSource, type ResolvedSource } from '@arrowsmith/corpus';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';
import type { DownloadParameters } from './declaration.ts';

/** A download whose text is determined: files by checksum, generated stories by seed. */
export type ResolvedDownload = Omit<DownloadParameters, 'source'> & { source: ResolvedSource };

/** Neither hub nor registry is asked when the store already has their data. */
export async function resolveDownload(
  { source, ...rest }: DownloadParameters,
  { root, signal, isKnown }: ResolveOptions<ResolvedDownload>,
): Promise<Resolution<ResolvedDownload>> {
  const { source: resolved, ...substitution } = await resolveSource(source, {
    root,
    signal,
    isKnown: (pinned) => isKnown({ ...rest, source: pinned }),
  });
  return { parameters: { ...rest, source: resolved }, ...substitution };
}
