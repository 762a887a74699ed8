/** @file Which model an artifact is, as far as that is known before it is read. Imports no tfjs, so that stages can be declared by it. */
import { decoderConfig } from './architecture.ts';
import type { DecoderConfig } from './config.ts';
import { modelParameters } from './model-parameters.ts';
import { parseDecoderConfig } from './parse-config.ts';

/**
 * The configuration of a model that reads rows of text.
 *
 * @param model what its manifest says of it; or, as long as it is not there, the parameters of the step that makes it
 * @param rows what is known of the rows; a vocabulary that is not known counts for nothing
 * @returns undefined where it is not known yet, as of a model that will be imported; and of one that this version does not read, of which the reader tells
 */
export function knownConfig(
  model: Readonly<Record<string, unknown>> | undefined,
  { contextLength, vocabularySize = 1 }: { contextLength: number; vocabularySize?: number | undefined },
): DecoderConfig | undefined {
  const text = model?.['config'];
  if (typeof text === 'string') return parsed(text, contextLength);
  const asked = modelParameters.safeParse(model?.['model']);
  return asked.success ? decoderConfig(asked.data, { vocabularySize, contextLength }) : undefined;
}

function parsed(text: string, contextLength: number): DecoderConfig | undefined {
  try {
    return { ...parseDecoderConfig(text, 'the manifest of a model'), contextLength };
  } catch {
    return undefined;
  }
}
