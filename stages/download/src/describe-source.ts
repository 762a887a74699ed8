/** @file A source of text in a few words. */
import type { ResolvedSource } from '@arrowsmith/corpus';

export function describeSource(source: ResolvedSource): string {
  switch (source.type) {
    case 'embedded':
      return `embedded corpus, seed ${source.seed}`;
    case 'url':
      return source.url;
    case 'file':
      return source.train.length === 1
        ? source.train[0]!.path
        : `${source.train.length} files, ${source.train[0]!.path} …`;
    case 'hub': {
      const file = source.train[0]!;
      const part = file.firstBytes === undefined ? '' : `, first ${(file.firstBytes / 1e6).toFixed(1)} MB`;
      return `${source.repository}@${source.revision.slice(0, 7)} ${file.path}${part}`;
    }
  }
}
