/**
 * @file Products of rows of int8 (quantized-rows.h) with a matrix's integers as they are stored: sums of integers, which are exact, block by block.
 *
 *     t = Σ (integer − zero) · int8          over a block, an integer
 *     y = y + (scale · inputs' scale) · t    block after block, from 0 on; each product, and each sum, rounded to float32
 *     y = y + addend · (inputs' scale · Σ int8)    after it, in formats whose values are scale · integer + addend
 *
 * So the bits are the same whatever rows are computed together, on any number of threads, and with every instruction set.
 */
#pragma once
#include "quantized-rows.h"

namespace arrowsmith {

/** Whether a format's integers can be multiplied as they are. */
inline bool hasIntegers(Format format) { return format == Format::int8 || blockFormat(format) != nullptr; }

/** Says what {@link multiplyIntegers} needs of each thread. */
void needForIntegers(const StoredMatrix& matrix);

/** Computes a part of a product whose inputs are quantized, on the calling thread. @param part of kPartRows rows at most */
void multiplyIntegers(const StoredProduct& product, const ProductPart& part);

}  // namespace arrowsmith
