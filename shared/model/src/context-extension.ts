/** @file A model over contexts longer than those that it was trained with, without training. */
import { UserError } from '@arrowsmith/errors';
import type { AttentionConfig, DecoderConfig } from './config.ts';

export interface ContextExtension {
  /** `none` goes on with positions that the model has never seen; `yarn` stretches them; `dual-chunk` brings distances back within them. */
  method: 'none' | 'yarn' | 'dual-chunk';
  /** How many times as long; a whole number. */
  factor: number;
}

/**
 * The configuration of the same weights over a longer context.
 *
 * @throws UserError where an extension is asked of a model that already has another, or of chunked attention
 */
export function extendContext(config: DecoderConfig, { method, factor }: ContextExtension): DecoderConfig {
  const { contextLength } = config;
  const extend = (attention: AttentionConfig): AttentionConfig => {
    if (attention.rope === null || method === 'none') return attention;
    if (method === 'yarn') {
      refuseScaling(attention);
      const scaling = {
        kind: 'yarn',
        factor,
        originalContextLength: contextLength,
        betaFast: 32,
        betaSlow: 1,
      } as const;
      return { ...attention, rope: { ...attention.rope, scaling } };
    }
    // Within its window or chunk, a layer never sees a distance that is new.
    if (attention.chunk > 0 || (attention.window > 0 && attention.window <= contextLength)) return attention;
    return { ...attention, dualChunk: { chunk: Math.ceil((3 * contextLength) / 4), trainedLength: contextLength } };
  };
  return {
    ...config,
    contextLength: contextLength * factor,
    layers: config.layers.map(({ attention, ffn }) => ({ attention: extend(attention), ffn })),
  };
}

function refuseScaling({ rope }: AttentionConfig): void {
  if (rope?.scaling === undefined) return;
  throw new UserError({
    what: 'the positions of the model are already stretched',
    expected: 'a model without ropeScaling',
    found: `${rope.scaling.kind} by ${rope.scaling.factor}`,
    fix: 'extend its context by dual-chunk, or not at all',
  });
}
