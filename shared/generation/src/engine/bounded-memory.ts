/** @file The memory that is taken for keys and values where nobody says how much: little, also where a model's context is long. */
import type { DecoderConfig, KvPrecision } from '@arrowsmith/model';
import { kvBytes } from '@arrowsmith/model/kv-precision';
import type { EngineOptions } from './engine-options.ts';

/** The longest context that memory is taken for where nobody asks for a longer one: models of much longer ones are rarely used to their end. */
const CONTEXT = 8192;

/** Bytes of keys and values where nobody says how many; more where one context alone takes more. */
const CACHE = 2 ** 30;

const CONTEXTS = 8;

/**
 * What an engine's options say of its memory, and where they say nothing, bounds: contexts of 8,192 tokens, of which there are eight, as many as 1 GiB
 * holds, or one.
 *
 * @returns options for an engine; `contexts` counts where there are no `cacheBytes`
 */
export function boundedMemory(
  config: DecoderConfig,
  options: Pick<EngineOptions, 'contextLength' | 'contexts' | 'cachePrecision' | 'sequences'>,
): { contextLength: number; contexts: number } {
  const { cachePrecision, sequences = CONTEXTS } = options;
  const contextLength = Math.min(options.contextLength ?? CONTEXT, config.contextLength);
  const fit = Math.floor(CACHE / (contextLength * tokenBytes(config, cachePrecision)));
  return { contextLength, contexts: options.contexts ?? Math.max(1, Math.min(fit, CONTEXTS, sequences)) };
}

/** Bytes of a token's keys and values in all layers. */
function tokenBytes(config: DecoderConfig, precision: KvPrecision = 'f32'): number {
  const bytesOf = kvBytes(config, precision);
  const elements = config.layers.map(({ attention: { kvHeads, headDim, keysOfLayer } }) =>
    keysOfLayer === null ? 2 * kvHeads * headDim : 0,
  );
  return bytesOf(elements.reduce((sum, each) => sum + each, 0));
}
