/**
 * @file Brings matrices into the order in which the micro-kernels read them. A panel is kPanelWidth columns of B, row after row; a
 * strip is kTileRows rows of A, column after column. For bfloat16, elements are rounded and stored in pairs of neighbours in k.
 */
#pragma once
#include <cstdint>

#include "gemm.h"
#include "micro-kernel.h"

namespace arrowsmith {

/**
 * Who reads what is being packed: only this thread, soon, or others, too. For those, rows are stored past this thread's cache. (Not those
 * of a transposed B, whose packing takes longer by what it reads; of weights, which are few, that was 1 % slower.)
 */
enum class Readers { thisThread, allThreads };

/** Rows [k0, k1) of panels [firstPanel, lastPanel) of a packed B. For bfloat16 k0 is even, and so is k1 unless it is the last. */
void packPanels(const PackedB& packed, Matrix b, int64_t k0, int64_t k1, int64_t firstPanel, int64_t lastPanel, Readers readers);

/** Columns [k0, k1) of the strips of a transposed A[rows, k]; the last strip is filled with zeros. */
void packStrips(Matrix a, int64_t rows, int64_t k0, int64_t k1, int64_t k, float* out);

#if defined(__AVX512BF16__)

/** Columns [k0, k1) of A[rows, k] in rows of (k + 1) / 2 pairs; k0 is even, and so is k1 unless it is the last. */
void packRowsBf16(Matrix a, int64_t rows, int64_t k0, int64_t k1, int64_t k, uint32_t* out);

#endif

}  // namespace arrowsmith
