/** @file Tests of Muon. */
#include <algorithm>
#include <utility>
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

typedef std::vector<double> Doubles;

/** a[m, k] times b[k, n]. */
Doubles times(const Doubles& a, const Doubles& b, int64_t m, int64_t k, int64_t n) {
  Doubles product(static_cast<size_t>(m * n));
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      for (int64_t t = 0; t < k; t++) product[i * n + j] += a[i * k + t] * b[t * n + j];
    }
  }
  return product;
}

/** Five steps X ← 3.4445 X − 4.775 (X Xᵀ) X + 2.0315 (X Xᵀ)² X of a matrix of norm 1, from the left whatever its sides. */
Doubles naive(Doubles x, int64_t rows, int64_t columns) {
  double norm = 0;
  for (const double value : x) norm += value * value;
  for (double& value : x) value /= std::sqrt(norm);
  for (int step = 0; step < 5; step++) {
    Doubles transposed(x.size());
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < columns; j++) transposed[j * rows + i] = x[i * columns + j];
    }
    const Doubles gram = times(x, transposed, rows, columns, rows);
    const Doubles cube = times(gram, x, rows, rows, columns), fifth = times(gram, cube, rows, rows, columns);
    for (size_t i = 0; i < x.size(); i++) x[i] = 3.4445 * x[i] - 4.775 * cube[i] + 2.0315 * fifth[i];
  }
  return x;
}

/** Tensors [stack, rows, columns]: gradients, and after an update parameters and momenta one after the other. */
struct Run {
  int64_t rows, columns, stack, count;
  std::vector<std::vector<float>> gradients, parameters, momenta;

  Run(int64_t ofRows, int64_t ofColumns, int64_t ofStack, int64_t ofCount)
      : rows(ofRows), columns(ofColumns), stack(ofStack), count(ofCount) {
    for (int64_t i = 0; i < count; i++) {
      const uint64_t seed = static_cast<uint64_t>(3 * i + 1);
      gradients.push_back(randomFloats(stack * rows * columns, seed));
      parameters.push_back(randomFloats(stack * rows * columns, seed + 1));
      momenta.push_back(randomFloats(stack * rows * columns, seed + 2));
    }
  }

  double rateOf(int64_t i) const { return 0.01 * static_cast<double>(i + 1); }

  std::vector<float> update(Precision precision = Precision::f32) {
    std::vector<MuonTensor> tensors;
    for (int64_t i = 0; i < count; i++) {
      tensors.push_back({gradients[i].data(), parameters[i].data(), momenta[i].data(), rateOf(i), 0.9});
    }
    muon(precision, rows, columns, stack, tensors.data(), count, {0.95, 0.3});
    std::vector<float> all;
    for (const auto* list : {&parameters, &momenta}) {
      for (const std::vector<float>& each : *list) all.insert(all.end(), each.begin(), each.end());
    }
    return all;
  }
};

}  // namespace

TEST("Muon follows its formula for few and many matrices, tall, wide and in stacks") {
  const int64_t sizes[][4] = {{1, 1, 1, 1}, {3, 5, 1, 2}, {70, 33, 1, 1}, {17, 40, 3, 5}, {40, 17, 2, 9}};
  for (const auto& [rows, columns, stack, count] : sizes) {
    Run run(rows, columns, stack, count);
    const Run before = run;
    run.update();
    const int64_t size = rows * columns;
    for (int64_t i = 0; i < count; i++) {
      Doubles parameter, momentum;
      for (int64_t matrix = 0; matrix < stack; matrix++) {
        Doubles ahead;
        for (int64_t e = matrix * size; e < (matrix + 1) * size; e++) {
          const double gradient = (1 - 0.95) * 0.3 * before.gradients[i][e];
          momentum.push_back(0.95 * before.momenta[i][e] + gradient);
          ahead.push_back(0.95 * momentum.back() + gradient);
        }
        const Doubles direction = naive(ahead, rows, columns);
        for (int64_t e = 0; e < size; e++) {
          parameter.push_back(0.9 * before.parameters[i][matrix * size + e] - run.rateOf(i) * direction[e]);
        }
      }
      // The steps make rounding errors of small singular values 3.4⁵ times as large.
      CHECK_CLOSE(run.parameters[i], parameter, 1e-6);
      CHECK_CLOSE(run.momenta[i], momentum, 5e-7);
    }
  }
}

TEST("a matrix of zeros stays as it is, but for its decay") {
  Run run(4, 6, 1, 1);
  std::fill(run.gradients[0].begin(), run.gradients[0].end(), 0.0f);
  std::fill(run.momenta[0].begin(), run.momenta[0].end(), 0.0f);
  const std::vector<float> before = run.parameters[0];
  run.update();
  for (size_t i = 0; i < before.size(); i++) CHECK(run.parameters[0][i] == 0.9f * before[i]);
}

TEST("Muon has the same bits for any number of threads, which have whole matrices or parts of them") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    CHECK_SAME_FOR_ANY_THREADS([&] { return Run(130, 70, 1, 3).update(precision); });
    CHECK_SAME_FOR_ANY_THREADS([&] { return Run(40, 150, 3, 2).update(precision); });
  }
}

TEST("products of bfloat16 give nearly the same direction") {
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{96, 96}, {200, 64}, {64, 200}}) {
    const std::vector<float> before = Run(rows, columns, 1, 1).parameters[0];
    Run exact(rows, columns, 1, 1), rounded(rows, columns, 1, 1);
    exact.update();
    rounded.update(Precision::bf16);
    double error = 0, size = 0;
    for (size_t i = 0; i < before.size(); i++) {
      const double step = exact.parameters[0][i] - 0.9 * before[i];
      error += std::pow(rounded.parameters[0][i] - exact.parameters[0][i], 2);
      size += step * step;
    }
    // Roundings of 2⁻⁹, which a step makes up to 3.4 times as large where singular values are small: 1.5 to 2.5 %, of a direction whose own singular
    // values are but between 0.7 and 1.2.
    CHECK(std::sqrt(error / size) < 0.05);
    CHECK(!hasBf16() || error > 0);
  }
}
