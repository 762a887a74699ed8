/**
 * @file Products of rows with stored matrices. The bits of a row's products depend on that row and the matrix alone: not on other rows, nor on
 * how the work is cut, nor on the format of what is done elsewhere. So one row after the other gives what all of them give at once.
 */
#pragma once
#include <cstdint>

#include "parallel.h"
#include "stored-matrix.h"

namespace arrowsmith {

/** y[n, out] = x[n, in] matrix[out, in]ᵀ + residual[n, out]; without a residual (null) the product itself. */
struct StoredProduct {
  StoredMatrix matrix;
  int64_t n;
  const float* x;
  const float* residual;
  float* y;
};

/** Rows of a product [row0, row1), and outputs [out0, out1). */
struct ProductPart {
  int64_t row0, row1, out0, out1;
};

/** How the products of n rows with a matrix are cut into parts. */
struct ProductCut {
  int64_t rows, outs, rowParts, outParts;

  /** @param matrices that a part multiplies with, all of the same shape */
  ProductCut(int64_t n, const StoredMatrix& matrix, int64_t matrices = 1);

  int64_t parts() const { return rowParts * outParts; }
  ProductPart part(int64_t index, int64_t n, int64_t out) const;
};

/** Computes a part of a product on the calling thread. */
void multiplyPart(const StoredProduct& product, const ProductPart& part);

/** Says what {@link multiplyPart} needs of each thread. */
void needForProduct(int64_t n, const StoredMatrix& matrix);

/** Multiplications of all rows with the whole matrix. */
inline int64_t workOf(const StoredProduct& product) { return product.n * product.matrix.rows * product.matrix.columns; }

/** Computes some products on all threads, at once. */
void multiplyStored(const StoredProduct* products, int64_t count);

/** The numbers that a matrix stands for, [rows, columns], on all threads. */
void decodeMatrix(const StoredMatrix& matrix, float* floats);

/** {@link parallelFor}, but on the calling thread alone where the work, in multiplications, is not worth waking another for. */
template <class Piece>
void shareWork(int64_t work, int64_t count, Piece&& piece) {
  constexpr int64_t kWorthWaking = 1 << 17;
  if (work >= kWorthWaking) return parallelFor(count, piece);
  parallelFor(count > 0 ? 1 : 0, [&](int64_t) {
    for (int64_t index = 0; index < count; index++) piece(index);
  });
}

}  // namespace arrowsmith
