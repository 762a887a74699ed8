/** @file How many of something a model may have, of each of which there is a configuration or a tensor. */

/** The deepest published models have about a hundred layers. */
export const MOST_LAYERS = 4096;

/** Published models have up to a few hundred experts, and four copies of the residual stream. */
export const MOST_EXPERTS = 16384;

/** No tensor is larger in any direction, and no context longer. */
export const LARGEST_SIZE = 2 ** 31 - 1;
