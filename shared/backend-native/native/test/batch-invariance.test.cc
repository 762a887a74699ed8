/**
 * @file Tests that the kernels between the products of stored matrices keep their law, too: the bits of a row do not depend on other rows, so that one
 * row after the other gives what all give at once.
 */
#include <functional>
#include <string>
#include <vector>

#include "../kernels.h"
#include "stored.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

constexpr int64_t kRows = 33;

/** A kernel of rows: x[n, d] → [n, d], where row i of x is number first + i of all. */
struct RowKernel {
  std::string name;
  std::function<void(int64_t first, int64_t n, int64_t d, const float* x, float* y)> compute;
};

const std::vector<float> kWeights = randomFloats(2048, 1), kOther = randomFloats(kRows * 2048, 2);

void rotate(bool interleaved, int64_t first, int64_t n, int64_t d, const float* x, float* y) {
  const int64_t rotaryPairs = d / 2;
  const float* const table = kOther.data() + first * rotaryPairs;
  rope(n, n, 1, d, {table, table, rotaryPairs, interleaved}, x, false, y);
}

const RowKernel kKernels[] = {
    {"rmsNorm",
     [](int64_t, int64_t n, int64_t d, const float* x, float* y) {
       std::vector<float> inverses(static_cast<size_t>(n));
       rmsNorm(n, d, x, kWeights.data(), 1e-5f, y, inverses.data());
     }},
    {"layerNorm",
     [](int64_t, int64_t n, int64_t d, const float* x, float* y) {
       std::vector<float> means(static_cast<size_t>(n)), inverses = means;
       layerNorm(n, d, x, kWeights.data(), 1e-5f, y, means.data(), inverses.data());
     }},
    {"rope of halves", [](int64_t first, int64_t n, int64_t d, const float* x, float* y) { rotate(false, first, n, d, x, y); }},
    {"rope of pairs", [](int64_t first, int64_t n, int64_t d, const float* x, float* y) { rotate(true, first, n, d, x, y); }},
    {"gatedActivation, silu",
     [](int64_t first, int64_t n, int64_t d, const float* x, float* y) {
       gatedActivation(Activation::silu, n * d, x, kOther.data() + first * d, y);
     }},
    {"gatedActivation, geluTanh",
     [](int64_t first, int64_t n, int64_t d, const float* x, float* y) {
       gatedActivation(Activation::geluTanh, n * d, x, kOther.data() + first * d, y);
     }},
    {"softmax", [](int64_t, int64_t n, int64_t d, const float* x, float* y) { softmax(n, d, x, y); }},
    {"gaussianTopK",
     [](int64_t, int64_t n, int64_t d, const float* x, float* y) {
       std::vector<float> means(static_cast<size_t>(n)), deviations = means;
       gaussianTopK(n, d, x, 0.5f, y, means.data(), deviations.data());
     }},
    {"normalizeSum",
     [](int64_t, int64_t n, int64_t d, const float* x, float* y) {
       std::vector<float> sums(static_cast<size_t>(n));
       normalizeSum(n, d, x, y, sums.data());
     }},
};

}  // namespace

TEST("the kernels of rows give each row the bits that it has alone, on any number of threads") {
  for (const RowKernel& kernel : kKernels) {
    for (const int64_t d : {1, 7, 48, 77, 288, 2048}) {
      const std::vector<float> x = randomFloats(kRows * d, 3, 0.1, 3);
      const auto compute = [&](int64_t first, int64_t n) {
        std::vector<float> y(static_cast<size_t>(n * d), kNaN);
        kernel.compute(first, n, d, x.data() + first * d, y.data());
        return y;
      };
      if (kernel.name.find("rope") == 0 && d < 2) continue;
      const std::vector<float> all = compute(0, kRows);
      CHECK_SAME_FOR_ANY_THREADS([&] { return compute(0, kRows); });
      for (const int64_t n : {1, 2, 5}) {
        for (int64_t first = 0; first + n <= kRows; first += n) {
          const std::string what = kernel.name + " of " + std::to_string(n) + " rows of " + std::to_string(d);
          checkSameBits(__FILE__, __LINE__, what.c_str(), compute(first, n), rowsOf(all, d, first, n));
        }
      }
    }
  }
}
