/**
 * @file Products Aᵀ B of tall matrices, such as the gradients of weights: sums over many rows, and a result that is small beside what is
 * read.
 */
#pragma once
#include "gemm.h"

namespace arrowsmith {

/** C[m, n] = A[k, m]ᵀ B, or with `accumulate` C += …; rows of A and of C are a stride apart. */
struct TallProduct {
  int64_t m;
  const float* a;
  int64_t strideA;
  float* c;
  int64_t strideC;
  bool accumulate;
};

/** `count` products with one right-hand side B[k, n], whose rows are `strideB` apart, on all threads. */
void multiplyTall(Precision precision, int64_t k, int64_t n, const float* b, int64_t strideB, const TallProduct* products,
                  int64_t count);

}  // namespace arrowsmith
