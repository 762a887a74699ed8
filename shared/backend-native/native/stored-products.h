/**
 * @file Products of rows with stored matrices. The bits of a row's products depend on that row and the matrix alone: not on other rows, nor on
 * how the work is cut, nor on the format of what is done elsewhere. So one row after the other gives what all of them give at once.
 */
#pragma once
#include <cstdint>

#include "dot-tile.h"
#include "parallel.h"
#include "stored-matrix.h"

namespace arrowsmith {

/** What a matrix's numbers are multiplied with: the inputs as they are, or quantized to int8, where it has integers (integer-products.h). */
enum class InputPrecision { f32, int8 };

struct QuantizedRows;

/** y[n, out] = x[n, in] matrix[out, in]ᵀ + residual[n, out]; without a residual (null) the product itself. */
struct StoredProduct {
  StoredMatrix matrix;
  int64_t n;
  const float* x;
  const float* residual;
  float* y;
  InputPrecision inputs = InputPrecision::f32;
  /** The inputs, where they are quantized (quantized-rows.h). */
  const QuantizedRows* quantized = nullptr;
};

/** Rows in a part, at most. */
constexpr int64_t kPartRows = 16 * kDotRows;

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
void needForProduct(const StoredProduct& product);

/** Multiplications of all rows with the whole matrix. */
inline int64_t workOf(const StoredProduct& product) { return product.n * product.matrix.rows * product.matrix.columns; }

/** Computes some products on all threads, at once. @param products are told where their inputs are, if these are quantized */
void multiplyStored(StoredProduct* products, int64_t count);

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
