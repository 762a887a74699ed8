/** @file Weights that are no finite numbers, which make all that a model computes none. */
import { UserError } from '@arrowsmith/errors';

/** What to do where a model's weights, or its results, are no numbers. */
export const OTHER_WEIGHTS =
  'use other weights: train with a lower learning rate or a longer warm-up, or import the model anew';

/** @throws UserError for a NaN or an infinity among values, with its place */
export function checkFinite(name: string, { shape, data }: { shape: readonly number[]; data: Float32Array }): void {
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong === -1) return;
  const columns = shape.at(-1) ?? 1;
  const place = shape.length > 1 ? `${Math.floor(wrong / columns)}, ${wrong % columns}` : String(wrong);
  throw new UserError({
    what: 'a weight of the model is not finite',
    where: `${name}[${place}]`,
    expected: 'finite weights',
    found: String(data[wrong]),
    fix: OTHER_WEIGHTS,
  });
}
