/** @file Rotation of one head's vectors by their positions. */
#pragma once
#include <cstdint>

#include "kernels.h"

namespace arrowsmith {

/**
 * Turns a head's vectors x[rows, headDim] of positions from `position` on, or with `inverse` turns them back; y may be x.
 *
 * @param strideX distance between rows of x
 */
void rotateRows(const Rotation& rotation, int64_t rows, int64_t position, int64_t headDim, const float* x, int64_t strideX,
              bool inverse, float* y, int64_t strideY);

/** Says that pieces of work turn vectors, where there is a rotation. */
void needForRotation(const Rotation* rotation);

}  // namespace arrowsmith
