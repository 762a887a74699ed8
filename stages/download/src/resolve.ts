/** @file Which text a download will read, decided before it is known whether there is anything to do. */
import { resolveSource, type ResolvedSource, type Source } from '@arrowsmith/corpus';
import type { Resolution, ResolveOptions } from '@arrowsmith/pipeline/stage';

/** A download whose text is determined: files by checksum, generated stories by seed. */
export type ResolvedDownload = { source: ResolvedSource };

/** The hub is not asked when the store already has its data. */
export async function resolveDownload(
  { source }: { source: Source },
  { root, signal, isKnown }: ResolveOptions<ResolvedDownload>,
): Promise<Resolution<ResolvedDownload>> {
  if (source.type === 'hub') {
    const pinned = await resolveSource({ ...source, whenUnreachable: 'fail' }, { root, signal });
    if (await isKnown({ source: pinned.source })) return { parameters: { source: pinned.source } };
  }
  const { source: resolved, ...substitution } = await resolveSource(source, { root, signal });
  return { parameters: { source: resolved }, ...substitution };
}
