/** @file Muon: momentum whose matrices are made orthogonal by Newton–Schulz steps (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/). */
#include <algorithm>
#include <cmath>
#include <utility>

#include "dry-run.h"
#include "gemm.h"
#include "kernels.h"
#include "parallel.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Floats in a piece of work. */
constexpr int64_t kPieceFloats = 16384;

/**
 * Newton–Schulz steps, X ← a X + b (X Xᵀ) X + c (X Xᵀ)² X, with Jordan's coefficients, which take small singular values up the fastest: to
 * between 0.7 and 1.2 in five. As in src/muon-settings.ts.
 */
constexpr int kSteps = 5;
constexpr float kOfMatrix = 3.4445f, kOfCube = -4.775f, kOfFifth = 2.0315f;

/** Matrices for each thread, from which on a thread has whole ones. */
constexpr int64_t kMatricesForEach = 2;

/** What a matrix's norm counts for at least, so that one of zeros stays so. */
constexpr double kLeastNorm = 1e-7;

/** One matrix [rows, columns] on its way to be orthogonal, and the square ones [side, side] of its shorter side that take it there. */
struct Work {
  float *x, *next, *gram, *square;
};

/** momentum = β momentum + (1 − β) gradient, and x = β momentum + (1 − β) gradient, which looks one step ahead (Nesterov). */
void accumulate(const MuonOptions& options, int64_t count, const float* gradient, float* momentum, float* x) {
  const Vec beta = splat(static_cast<float>(options.momentum));
  const Vec ofGradient = splat(static_cast<float>(options.gradientScale * (1 - options.momentum)));
  parallelRanges(count, kPieceFloats, [&](int64_t begin, int64_t end) {
    forEachVector(begin, end, [&](int64_t i, auto lanes) {
      const Vec g = ofGradient * lanes.load(gradient + i);
      const Vec m = beta * lanes.load(momentum + i) + g;
      lanes.store(momentum + i, m);
      lanes.store(x + i, beta * m + g);
    });
  });
}

/** gram = a I + b gram + c square, of which a Newton–Schulz step multiplies with. */
void combine(int64_t side, float* gram, const float* square) {
  const Vec b = splat(kOfCube), c = splat(kOfFifth);
  const int64_t rows = std::max<int64_t>(1, kPieceFloats / side);
  parallelRanges(side, rows, [&](int64_t begin, int64_t end) {
    forEachVector(begin * side, end * side, [&](int64_t i, auto lanes) {
      lanes.store(gram + i, b * lanes.load(gram + i) + c * lanes.load(square + i));
    });
    for (int64_t i = begin; i < end; i++) gram[i * side + i] += kOfMatrix;
  });
}

/** From U S Vᵀ about U Vᵀ, in x; what is in the others is of no use then. */
void orthogonalize(Precision precision, int64_t rows, int64_t columns, Work& work) {
  const int64_t count = rows * columns, side = std::min(rows, columns);
  const float* const matrix = work.x;
  const double norm = std::sqrt(sumOfSquares(&matrix, &count, 1));
  scale(count, work.x, static_cast<float>(1 / std::max(norm, kLeastNorm)), work.x);
  const bool isTall = rows > columns;
  const Matrix gram{work.gram, side, false};
  for (int step = 0; step < kSteps; step++) {
    const Matrix x{work.x, columns, false}, transposed{work.x, columns, true};
    if (isTall) {
      gemm(precision, side, side, rows, transposed, x, work.gram, side, false);
    } else {
      gemm(precision, side, side, columns, x, transposed, work.gram, side, false);
    }
    gemm(precision, side, side, side, gram, gram, work.square, side, false);
    combine(side, work.gram, work.square);
    if (isTall) {
      gemm(precision, rows, columns, side, x, gram, work.next, columns, false);
    } else {
      gemm(precision, rows, columns, side, gram, x, work.next, columns, false);
    }
    std::swap(work.x, work.next);
  }
}

void apply(const MuonTensor& tensor, int64_t count, const float* direction, float* parameter) {
  const Vec kept = splat(static_cast<float>(tensor.kept)), rate = splat(static_cast<float>(tensor.rate));
  parallelRanges(count, kPieceFloats, [&](int64_t begin, int64_t end) {
    forEachVector(begin, end, [&](int64_t i, auto lanes) {
      lanes.store(parameter + i, kept * lanes.load(parameter + i) - rate * lanes.load(direction + i));
    });
  });
}

}  // namespace

void muon(Precision precision, int64_t rows, int64_t columns, int64_t stack, const MuonTensor* tensors, int64_t count,
          const MuonOptions& options) {
  const int64_t size = rows * columns, side = std::min(rows, columns), matrices = count * stack;
  const int64_t floats = 2 * (size + side * side);
  const auto update = [&](int64_t index) {
    const MuonTensor& tensor = tensors[index / stack];
    const int64_t first = index % stack * size;
    float* const memory = scratchFloats(Scratch::muon, floats);
    Work work{memory, memory + size, memory + 2 * size, memory + 2 * size + side * side};
    accumulate(options, size, tensor.gradient + first, tensor.momentum + first, work.x);
    orthogonalize(precision, rows, columns, work);
    apply(tensor, size, work.x, tensor.parameter + first);
  };
  // A thread that has a matrix to itself waits for no other; a few matrices are cut, each for all threads.
  if (matrices < kMatricesForEach * threads()) {
    for (int64_t index = 0; index < matrices; index++) update(index);
    return;
  }
  needOnEachThread(Scratch::muon, static_cast<size_t>(floats) * sizeof(float));
  needOnEachThread(Scratch::packedB, packedBytes(precision, side, std::max(rows, columns)));
  parallelFor(matrices, update);
}

}  // namespace arrowsmith
