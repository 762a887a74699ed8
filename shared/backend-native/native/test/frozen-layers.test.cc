/** @file Tests of layers whose matrices training leaves as they are, against those that learn, on the floats that the matrices stand for. */
#include <vector>

#include "../kernels.h"
#include "stored.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** Sums of some hundred products of numbers below 1. */
constexpr double kTolerance = 5e-5;

const float* data(const std::vector<float>& values) { return values.data(); }

}  // namespace

TEST("a frozen layer's products are those of its matrix's floats, bit for bit") {
  for (const Format format : kAllFormats) {
    const RandomMatrix matrix(format, 130, 47, 1);
    const std::vector<float> x = randomFloats(33 * 47, 2), residual = randomFloats(33 * 130, 3);
    for (const float* addend : {static_cast<const float*>(nullptr), data(residual)}) {
      std::vector<float> y(33 * 130, kNaN), expected(33 * 130, kNaN);
      frozenLinear(Precision::f32, 33, matrix.stored(), x.data(), addend, y.data());
      linear(Precision::f32, 33, 47, 130, x.data(), matrix.values.data(), addend, expected.data());
      CHECK_SAME_BITS(y, expected);
    }
    // few rows
    std::vector<float> y(2 * 130, kNaN), expected(2 * 130, kNaN);
    frozenLinear(Precision::f32, 2, matrix.stored(), x.data(), nullptr, y.data());
    linear(Precision::f32, 2, 47, 130, x.data(), matrix.values.data(), nullptr, expected.data());
    CHECK_CLOSE(y, toDoubles(expected), kTolerance);
  }
}

TEST("the gradient by what frozen layers multiply is that of layers that learn") {
  for (const Format format : kAllFormats) {
    const RandomMatrix a(format, 130, 47, 1), b(format, 20, 47, 2);
    const std::vector<float> x = randomFloats(33 * 47, 3), dA = randomFloats(33 * 130, 4), dB = randomFloats(33 * 20, 5);
    std::vector<float> dWeightA(130 * 47), dWeightB(20 * 47), dX(33 * 47, kNaN), expected(33 * 47, kNaN);
    const LinearLayer learning[] = {{130, dA.data(), a.values.data(), dWeightA.data()}, {20, dB.data(), b.values.data(), dWeightB.data()}};
    linearGradients(Precision::f32, 33, 47, x.data(), learning, 2, expected.data());
    const FrozenLayer frozen[] = {{a.stored(), dA.data()}, {b.stored(), dB.data()}};
    frozenLinearGradient(Precision::f32, 33, frozen, 2, dX.data());
    CHECK_CLOSE(dX, toDoubles(expected), kTolerance);
    CHECK_SAME_FOR_ANY_THREADS([&] {
      frozenLinearGradient(Precision::f32, 33, frozen, 2, dX.data());
      return dX;
    });
  }
}

TEST("frozen experts compute what experts that learn do, and so do their gradients") {
  const int32_t offsets[] = {0, 9, 9, 31, 33};
  for (const Format format : kAllFormats) {
    const RandomMatrix a(format, 4 * 30, 47, 1), b(format, 4 * 20, 47, 2);
    const std::vector<float> x = randomFloats(33 * 47, 3), dA = randomFloats(33 * 30, 4), dB = randomFloats(33 * 20, 5);
    std::vector<float> yA(33 * 30, kNaN), yB(33 * 20, kNaN), expectedA = yA, expectedB = yB;
    const StoredLayer frozen[] = {{a.stored(), yA.data()}, {b.stored(), yB.data()}};
    frozenGroupedLinear(Precision::f32, 4, offsets, x.data(), frozen, 2);
    const GroupedLayer layers[] = {{30, a.values.data(), expectedA.data()}, {20, b.values.data(), expectedB.data()}};
    groupedLinear(Precision::f32, 4, offsets, 47, x.data(), layers, 2);
    CHECK_CLOSE(yA, toDoubles(expectedA), kTolerance);
    CHECK_CLOSE(yB, toDoubles(expectedB), kTolerance);

    std::vector<float> dWeightA(4 * 30 * 47), dWeightB(4 * 20 * 47), dX(33 * 47, kNaN), expected = dX;
    const LinearLayer learning[] = {{30, dA.data(), a.values.data(), dWeightA.data()}, {20, dB.data(), b.values.data(), dWeightB.data()}};
    groupedLinearGradients(Precision::f32, 4, offsets, 47, x.data(), learning, 2, expected.data());
    const FrozenLayer gradients[] = {{a.stored(), dA.data()}, {b.stored(), dB.data()}};
    frozenGroupedLinearGradient(Precision::f32, 4, offsets, gradients, 2, dX.data());
    CHECK_CLOSE(dX, toDoubles(expected), kTolerance);
  }
}

TEST("a frozen output layer's losses and gradient are those of its floats, bit for bit") {
  const std::vector<float> x = randomFloats(33 * 47, 3);
  std::vector<int32_t> targets(33);
  for (size_t i = 0; i < targets.size(); i++) targets[i] = i % 5 == 0 ? -1 : static_cast<int32_t>(i * 3);
  for (const LogitOptions& options : {LogitOptions{}, LogitOptions{0.5f, 0}, LogitOptions{2, 3}}) {
    for (const Format format : kAllFormats) {
      const RandomMatrix matrix(format, 130, 47, 1);
      std::vector<float> losses(33, kNaN), expectedLosses = losses, dX(33 * 47, kNaN), expected = dX, dWeight(130 * 47);
      frozenTokenLosses(Precision::f32, 33, matrix.stored(), x.data(), targets.data(), losses.data(), options);
      tokenLosses(Precision::f32, 33, 47, 130, x.data(), matrix.values.data(), targets.data(), expectedLosses.data(), options);
      CHECK_SAME_BITS(losses, expectedLosses);
      const double loss = frozenLinearCrossEntropy(Precision::f32, 33, matrix.stored(), x.data(), targets.data(), dX.data(), options);
      CHECK(loss == linearCrossEntropy(Precision::f32, 33, 47, 130, x.data(), matrix.values.data(), targets.data(), expected.data(),
                                       dWeight.data(), options));
      CHECK_SAME_BITS(dX, expected);
    }
  }
}
