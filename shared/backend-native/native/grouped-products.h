/**
 * @file Many matrix products of various sizes at once, as of the experts of a mixture: whoever is free takes the next block of any of
 * them, so that small products keep all threads busy, too.
 */
#pragma once
#include <vector>

#include "gemm.h"

namespace arrowsmith {

/** One product A[m, k] B[k, n]. */
struct ProductTerm {
  Matrix a, b;
  int64_t k;
};

/** C[m, n] = the sum of `terms` products, row-major without gaps; 0 where all their k are 0. */
struct GroupedProduct {
  int64_t m, n;
  float* c;
};

/**
 * Computes `products`, which have terms[i · count … (i + 1) · count) each. Terms in succession with the same B share what is packed of it;
 * C must be no other's C, A or B.
 */
void multiplyGrouped(Precision precision, const std::vector<GroupedProduct>& products, const std::vector<ProductTerm>& terms);

}  // namespace arrowsmith
