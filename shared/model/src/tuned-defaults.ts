/**
 * @file What a model from scratch begins with, and how fast it learns, where nobody says it: values that were measured to be good, by the model's
 * width. Four layers on 1.0 million tokens of generated stories, AdamW (docs/models.md has the table): the best rate halves where the width doubles.
 */

/** The width at which the following were measured. */
const WIDTH = 128;
const INITIALIZER_RANGE = 0.06;
const LEARNING_RATE = 6e-3;

/** That of the narrowest model that was measured, of width 32. */
const HIGHEST_LEARNING_RATE = 2.4e-2;

/** The width that counts: under µP the one for which deviation and learning rate hold, whatever the model's own. */
export function tunedWidth({
  hiddenSize,
  mupBaseHiddenSize,
}: {
  hiddenSize: number;
  mupBaseHiddenSize: number;
}): number {
  return mupBaseHiddenSize === 0 ? hiddenSize : mupBaseHiddenSize;
}

/** Standard deviation of initial matrices: falls with the root of the width, so that products keep their size. */
export function defaultInitializerRange(width: number): number {
  return INITIALIZER_RANGE * Math.sqrt(WIDTH / width);
}

/** Peak learning rate of AdamW: falls with the width. */
export function defaultLearningRate(width: number): number {
  return Math.min(HIGHEST_LEARNING_RATE, LEARNING_RATE * (WIDTH / width));
}

/**
 * Factor of token embeddings where sub-layers' outputs are normalised, so that each adds a vector of length √width to the stream: embeddings must
 * not be lost beside them (Gemma has the same factor).
 */
export function postNormEmbeddingScale(width: number): number {
  return Math.sqrt(width);
}
