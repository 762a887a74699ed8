/** @file How a command's engine keeps keys and values, what it multiplies, and who drafts for it: the same names, and the same meaning, for all commands. */
import { UserError } from '@arrowsmith/errors';
import { type AskedNames, type EngineOptions, kvMemories } from '@arrowsmith/generation';
import type { ActivationPrecision } from '@arrowsmith/quantization/activations';
import { ACTIVATION_PRECISIONS } from '@arrowsmith/quantization/parameters';
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
  contextLength: text(
    'Tokens that a text may have, prompt and continuation together.',
    'number',
    'that of the model, and 8192 where that is longer',
  ),
  activations: text(
    'What matrices are multiplied with: f32, or int8, quantized as they come, of models in formats of integers; faster, and texts may differ.',
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
  engine: Pick<EngineOptions, 'cache' | 'cachePrecision' | 'contextLength'>;
  activations: ActivationPrecision;
}

/** @throws UserError for a value that one cannot have */
export function readEngine(written: WrittenEngine): AskedEngine {
  const { cache, cachePrecision, contextLength, activations, draft, draftTokens } = written;
  return {
    engine: {
      cache: oneOf('cache', CACHES, cache ?? 'heterogeneous'),
      cachePrecision: oneOf('cachePrecision', PRECISIONS, cachePrecision ?? 'f32'),
      contextLength: readCount(contextLength, 'contextLength'),
    },
    activations: readActivations(activations),
    draft,
    draftTokens: readCount(draftTokens, 'draftTokens'),
  };
}

/** @throws UserError for a precision that activations cannot have */
export function readActivations(written: string | undefined): ActivationPrecision {
  return oneOf('activations', ACTIVATION_PRECISIONS, written ?? 'f32');
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
