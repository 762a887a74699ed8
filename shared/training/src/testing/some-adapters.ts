/** @file Adapters whose gradients are worth looking at. */
import { initialAdapters, type adapterConfig, type DecoderConfig, type Weights } from '@arrowsmith/model';

/** Values that are no zeros, so that both factors have gradients. */
export const someAdapters = (of: DecoderConfig, adapters: ReturnType<typeof adapterConfig>): Weights =>
  Object.fromEntries(
    Object.entries(initialAdapters(of, adapters, 3)).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((value, i) => value + Math.sin(i + shape[0]!) / 8) },
    ]),
  );
