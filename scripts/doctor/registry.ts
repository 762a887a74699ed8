/** @file Checks whether npm's registry can be reached by pipelines that read text from packages. */
import { type PackageSource, resolveSource } from '@arrowsmith/corpus';
import { UserError } from '@arrowsmith/errors';
import { type Finding, finding } from './finding.ts';
import { type HubOptions, ONE_LOOK } from './hub.ts';
import type { PipelineSource } from './pipelines.ts';

interface PackageReader extends PipelineSource {
  source: PackageSource;
}

const readsPackages = (reader: PipelineSource): reader is PackageReader => reader.source.type === 'package';

/** Asks for the packages that each pipeline reads, the way the download stage does; nothing where no pipeline reads any. */
export function checkRegistry(sources: readonly PipelineSource[], options: HubOptions): Promise<Finding[]> {
  return Promise.all(sources.filter(readsPackages).map((reader) => checkPackages(reader, options)));
}

async function checkPackages({ pipeline, source }: PackageReader, options: HubOptions): Promise<Finding> {
  const names = [source.packages].flat().map(({ name, version }) => `${name}@${version}`);
  try {
    for (const one of [source.packages].flat()) {
      const probed: PackageSource = { ...source, packages: one, whenUnreachable: 'embedded' };
      const { substitution, reason } = await resolveSource(probed, { ...options, retries: ONE_LOOK });
      if (substitution === undefined) continue;
      const consequence =
        source.whenUnreachable === 'embedded'
          ? 'uses the embedded corpus instead and says so'
          : 'stops at its download, unless the store has it already (whenUnreachable: fail)';
      return finding('note', 'npm registry', `unreachable (${reason})`, `${pipeline} ${consequence}`);
    }
    return finding('ok', 'npm registry', names.join(', '), `reachable, as ${pipeline} asks for it`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { what, found, fix } = error.parts;
    return finding('problem', 'npm registry', names.join(', '), [what, found, fix].filter(Boolean).join('; '));
  }
}
