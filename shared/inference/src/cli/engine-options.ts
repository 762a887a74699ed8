/** @file How a command's engine keeps keys and values, and who drafts for it: the same names, and the same meaning, for all commands. */
import { UserError } from '@arrowsmith/errors';
import { type AskedNames, type EngineOptions, kvMemories } from '@arrowsmith/generation';
import { readCount, text } from '@arrowsmith/pipeline/cli';

const CACHES = Object.keys(kvMemories) as (keyof typeof kvMemories)[];
const PRECISIONS = ['f32', 'int8'] as const satisfies EngineOptions['cachePrecision'][];

export const engineOptions = {
  cache: text(`How memory for keys and values is managed: ${CACHES.join(', ')}.`, 'system', 'heterogeneous'),
  cachePrecision: text(
    'How keys and values are kept: f32, or int8, which takes little more than a quarter of the memory and is not exact.',
    'format',
    'f32',
  ),
  draft: text(
    'Who drafts tokens, of which the model verifies several at once; the text stays the same. prompt: the text so far, where it repeats; 1/2, 1/4 …: a narrower model within a nested one; a model of a <run>, or of <run>:<step>; one in a folder, by a path with a slash.',
    'draft',
    'nobody',
  ),
  draftTokens: text('Tokens of a draft at most.', 'number', '5'),
} as const;

/** As they stand on a command line. */
export type WrittenEngine = Partial<Record<keyof typeof engineOptions, string | undefined>>;

/** What was written, as the library takes it. */
export interface AskedEngine extends AskedNames {
  engine: Pick<EngineOptions, 'cache' | 'cachePrecision'>;
}

/** @throws UserError for a value that one cannot have */
export function readEngine({ cache, cachePrecision, draft, draftTokens }: WrittenEngine): AskedEngine {
  return {
    engine: {
      cache: oneOf('cache', CACHES, cache ?? 'heterogeneous'),
      cachePrecision: oneOf('cachePrecision', PRECISIONS, cachePrecision ?? 'f32'),
    },
    draft,
    draftTokens: readCount(draftTokens, 'draftTokens'),
  };
}

function oneOf<T extends string>(option: string, known: readonly T[], written: string): T {
  const found = known.find((each) => each === written);
  if (found !== undefined) return found;
  throw new UserError({
    what: `--${option}=${written}`,
    expected: known.join(', '),
    found: written === '' ? 'nothing' : written,
    fix: `for example --${option}=${known[0]}`,
  });
}
