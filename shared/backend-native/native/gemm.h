/**
 * @file Matrix products: C = op(A) op(B), row-major, in float32 or with inputs rounded to bfloat16 and float32 sums.
 *
 * Each element of C is a sum in an order that the sizes alone decide: the same for any number of threads.
 */
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

#include "scratch.h"

namespace arrowsmith {

/** How inputs are multiplied; sums are always float32. */
enum class Precision { f32, bf16 };

/** Whether this build and this processor have bfloat16 products; without them, bf16 computes as f32. */
bool hasBf16();

/** A matrix in memory: element (i, j) is at data[i · stride + j], or, if transposed, at data[j · stride + i]. */
struct Matrix {
  const float* data;
  int64_t stride;
  bool transposed;
};

/** C[m, n] = A[m, k] B[k, n] on all threads, or with `accumulate` C += A B. Rows of C are `strideC` apart. */
void gemm(Precision precision, int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, int64_t strideC,
          bool accumulate);

/** A part of a matrix: rows [row0, row1), columns [column0, column1). */
struct Region {
  int64_t row0, row1, column0, column1;
};

/** What is done with a product while it is in the cache. */
struct Epilogue {
  /** A matrix like C to which the products are added; null for none. */
  const float* addend = nullptr;
  /** Is called for parts of C when they are complete, on the thread that has computed them; none may be null. */
  std::function<void(const Region&)> whenComplete = nullptr;
  /** Whether C is stored past the caches, if it is large. */
  bool streams = false;
};

/** C[m, n] = A[m, k] B[k, n] + addend on all threads; rows of C, and of the addend, have no gaps. */
void gemm(Precision precision, int64_t m, int64_t n, int64_t k, Matrix a, Matrix b, float* c, const Epilogue& epilogue);

/**
 * `count` products of the same sizes, by way of distances between the matrices (0: the same matrix each time). The matrices have
 * no gaps between rows.
 */
void gemmBatched(Precision precision, bool transposeA, bool transposeB, int64_t count, int64_t m, int64_t n, int64_t k,
                 const float* a, int64_t distanceA, const float* b, int64_t distanceB, float* c);

// The parts that other kernels are composed of.

/** Columns of a panel of a packed right-hand side. */
extern const int64_t kPanelColumns;

/** A right-hand side B[k, n] in the order in which the inner loop reads it. */
struct PackedB {
  Precision precision;
  int64_t k;
  int64_t n;
  void* data;
};

/** Size of the memory that packing B[k, n] takes. */
size_t packedBytes(Precision precision, int64_t k, int64_t n);

/** Packs B into `packed.data`, which has {@link packedBytes} at a multiple of 64, on the calling thread. */
void pack(const PackedB& packed, Matrix b);

/** A right-hand side B[k, n] of several products on all threads: it is packed once. */
class SharedB {
 public:
  /** @param memory what it is packed into; no other use may be made of it meanwhile */
  SharedB(Precision precision, int64_t k, int64_t n, Matrix b, Scratch memory);

  /** C[m, n] = A[m, k] B, or with `accumulate` C += A B. */
  void multiply(int64_t m, Matrix a, float* c, int64_t strideC, bool accumulate) const;

  /** What it is packed into, for products on one thread; without data where Apple's library multiplies. */
  const PackedB& packed() const { return packed_; }

 private:
  PackedB packed_;
  Matrix matrix_;
};

/**
 * C[m, n1 − n0] = A[m, k1 − k0] B[k0 … k1, n0 … n1], or with `accumulate` C += …, on the calling thread.
 *
 * @param a its element (0, 0) is multiplied with row k0 of B
 * @param k0 even
 * @param n0 a multiple of kPanelColumns
 * @param n1 may go beyond B's last column, to the end of its panel, where the columns are zeros
 * @param c its element (0, 0) belongs to column n0 of B
 */
void multiplyPacked(int64_t m, Matrix a, const PackedB& b, int64_t k0, int64_t k1, int64_t n0, int64_t n1, float* c,
                    int64_t strideC, bool accumulate);

}  // namespace arrowsmith
