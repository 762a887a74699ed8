/** @file Tests of alternating updates: the prediction and the correction of the residual stream's copies. */
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

constexpr float kEpsilon = 1e-3f;

struct Sizes {
  int64_t n, d, a, active;
  /** LayerNorm in place of RMSNorm. */
  bool centered;
};

const Sizes kSizes[] = {{1, 1, 1, 0, false},  {3, 17, 4, 0, false},   {5, 64, 3, 2, true},
                        {2, 33, 5, 4, false}, {300, 130, 2, 1, true}, {70, 288, 4, 1, false}};
/** Small enough for differences by every element. */
const Sizes kSmallSizes[] = {{1, 1, 1, 0, false}, {3, 5, 4, 1, true}, {2, 19, 5, 0, false}, {40, 3, 2, 1, false}};

/** Where the inputs lie in one vector: gains [d], router's weight [a, d], coefficients, and matrices [n, d]. */
struct Layout {
  Sizes sizes;
  int64_t mixture;   // coefficients' rows
  int64_t matrices;  // the output of the correction, if it is one, and the copies

  int64_t router() const { return sizes.d; }
  int64_t coefficients() const { return router() + sizes.a * sizes.d; }
  int64_t matrix(int64_t i) const { return coefficients() + mixture * sizes.a + i * sizes.n * sizes.d; }
  int64_t total() const { return matrix(matrices); }
};

Layout predictLayout(const Sizes& sizes) { return {sizes, sizes.a * sizes.a, sizes.a}; }
Layout correctLayout(const Sizes& sizes) { return {sizes, sizes.a, sizes.a + 1}; }

/** Gains and weights that make logits of about one, although they are divided by d. */
std::vector<float> randomInputs(const Layout& layout) {
  std::vector<float> values = randomFloats(layout.total(), 1);
  const double factor = std::sqrt(std::sqrt(static_cast<double>(layout.sizes.d))) * 1.5;
  for (int64_t i = 0; i < layout.coefficients(); i++) {
    values[static_cast<size_t>(i)] = static_cast<float>(values[static_cast<size_t>(i)] * factor);
  }
  return values;
}

/** The coefficients of a row, which begins at an element. */
std::vector<double> mixtureOf(const Layout& layout, const std::vector<double>& x, int64_t begin) {
  const auto [n, d, a, active, centered] = layout.sizes;
  const double size = static_cast<double>(d);
  double mean = 0, square = 0;
  for (int64_t k = 0; centered && k < d; k++) mean += x[static_cast<size_t>(begin + k)] / size;
  for (int64_t k = 0; k < d; k++) square += std::pow(x[static_cast<size_t>(begin + k)] - mean, 2) / size;
  const double divisor = std::sqrt(square + static_cast<double>(kEpsilon));
  std::vector<double> mixture(static_cast<size_t>(layout.mixture));
  for (int64_t l = 0; l < a; l++) {
    double logit = 0;
    for (int64_t k = 0; k < d; k++) {
      const double normed = (x[static_cast<size_t>(begin + k)] - mean) / divisor * x[static_cast<size_t>(k)];
      logit += normed * x[static_cast<size_t>(layout.router() + l * d + k)];
    }
    const double modality = std::tanh(logit / size);
    for (int64_t i = 0; i < layout.mixture; i++) {
      mixture[static_cast<size_t>(i)] += x[static_cast<size_t>(layout.coefficients() + i * a + l)] * modality;
    }
  }
  return mixture;
}

/** All results, one after the other. */
std::vector<double> naivePredict(const Sizes& sizes, const std::vector<double>& x) {
  const Layout layout = predictLayout(sizes);
  const auto [n, d, a, active, centered] = sizes;
  std::vector<double> ys(static_cast<size_t>(a * n * d));
  for (int64_t row = 0; row < n; row++) {
    const std::vector<double> mixture = mixtureOf(layout, x, layout.matrix(active) + row * d);
    for (int64_t i = 0; i < a; i++) {
      for (int64_t at = row * d; at < (row + 1) * d; at++) {
        double y = x[static_cast<size_t>(layout.matrix(i) + at)];
        for (int64_t j = 0; j < a; j++) {
          y += mixture[static_cast<size_t>(i * a + j)] * x[static_cast<size_t>(layout.matrix(j) + at)];
        }
        ys[static_cast<size_t>(i * n * d + at)] = y;
      }
    }
  }
  return ys;
}

std::vector<double> naiveCorrect(const Sizes& sizes, const std::vector<double>& x) {
  const Layout layout = correctLayout(sizes);
  const auto [n, d, a, active, centered] = sizes;
  std::vector<double> ys(static_cast<size_t>(a * n * d));
  for (int64_t row = 0; row < n; row++) {
    const std::vector<double> mixture = mixtureOf(layout, x, layout.matrix(0) + row * d);
    for (int64_t i = 0; i < a; i++) {
      for (int64_t at = row * d; at < (row + 1) * d; at++) {
        const double innovation = x[static_cast<size_t>(layout.matrix(0) + at)] - x[static_cast<size_t>(layout.matrix(1 + active) + at)];
        ys[static_cast<size_t>(i * n * d + at)] =
            x[static_cast<size_t>(layout.matrix(1 + i) + at)] + (1 + mixture[static_cast<size_t>(i)]) * innovation;
      }
    }
  }
  return ys;
}

/** The results, one after the other, and the gradients of Σ c · y in the layout of the inputs. */
struct Result {
  std::vector<float> ys, gradients;
};

std::vector<const float*> pointers(const float* first, int64_t count, int64_t distance) {
  std::vector<const float*> result;
  for (int64_t i = 0; i < count; i++) result.push_back(first + i * distance);
  return result;
}

std::vector<float*> pointers(float* first, int64_t count, int64_t distance) {
  std::vector<float*> result;
  for (int64_t i = 0; i < count; i++) result.push_back(first + i * distance);
  return result;
}

AltUpRouter routerOf(const Layout& layout, const std::vector<float>& x) {
  return {x.data(), x.data() + layout.router(), x.data() + layout.coefficients(), kEpsilon, layout.sizes.centered};
}

AltUpRouterGradients routerGradientsOf(const Layout& layout, std::vector<float>& gradients) {
  return {gradients.data(), gradients.data() + layout.router(), gradients.data() + layout.coefficients()};
}

Result runPredict(const Sizes& sizes, const std::vector<float>& x, const std::vector<float>& dYs) {
  const Layout layout = predictLayout(sizes);
  const auto [n, d, a, active, centered] = sizes;
  const int64_t size = n * d;
  Result r{std::vector<float>(static_cast<size_t>(a * size), kNaN), std::vector<float>(x.size(), kNaN)};
  std::vector<float> modalities(static_cast<size_t>(n * a), kNaN);
  const std::vector<const float*> copies = pointers(x.data() + layout.matrix(0), a, size);
  altUpPredict(n, {d, a, active}, routerOf(layout, x), copies.data(), modalities.data(), pointers(r.ys.data(), a, size).data());
  altUpPredictGradient(n, {d, a, active}, pointers(dYs.data(), a, size).data(), routerOf(layout, x), copies.data(),
                       modalities.data(), routerGradientsOf(layout, r.gradients),
                       pointers(r.gradients.data() + layout.matrix(0), a, size).data());
  return r;
}

Result runCorrect(const Sizes& sizes, const std::vector<float>& x, const std::vector<float>& dYs) {
  const Layout layout = correctLayout(sizes);
  const auto [n, d, a, active, centered] = sizes;
  const int64_t size = n * d;
  Result r{std::vector<float>(static_cast<size_t>(a * size), kNaN), std::vector<float>(x.size(), kNaN)};
  std::vector<float> modalities(static_cast<size_t>(n * a), kNaN);
  const float* output = x.data() + layout.matrix(0);
  const std::vector<const float*> predictions = pointers(x.data() + layout.matrix(1), a, size);
  altUpCorrect(n, {d, a, active}, routerOf(layout, x), output, predictions.data(), modalities.data(),
               pointers(r.ys.data(), a, size).data());
  float* g = r.gradients.data();
  std::copy(dYs.begin(), dYs.end(), r.gradients.begin() + layout.matrix(1));  // of all predictions but the active one
  altUpCorrectGradient(n, {d, a, active}, pointers(dYs.data(), a, size).data(), routerOf(layout, x), output,
                       predictions[static_cast<size_t>(active)], modalities.data(), routerGradientsOf(layout, r.gradients),
                       g + layout.matrix(0), g + layout.matrix(1 + active));
  return r;
}

std::vector<float> randomGradients(const Sizes& sizes) { return randomFloats(sizes.a * sizes.n * sizes.d, 2); }

}  // namespace

TEST("predictions are the copies and a mixture of them, by what each row's router says") {
  for (const Sizes& sizes : kSizes) {
    const std::vector<float> x = randomInputs(predictLayout(sizes));
    CHECK_CLOSE(runPredict(sizes, x, randomGradients(sizes)).ys, naivePredict(sizes, toDoubles(x)), 3e-6);
  }
}

TEST("corrections move every copy by its share of what is new in the output") {
  for (const Sizes& sizes : kSizes) {
    const std::vector<float> x = randomInputs(correctLayout(sizes));
    CHECK_CLOSE(runCorrect(sizes, x, randomGradients(sizes)).ys, naiveCorrect(sizes, toDoubles(x)), 3e-6);
  }
}

TEST("without coefficients, predictions are the copies, and all corrections move by the whole of what is new") {
  const Sizes sizes{3, 7, 2, 1, false};
  std::vector<float> x = randomInputs(predictLayout(sizes));
  std::fill(x.begin() + predictLayout(sizes).coefficients(), x.begin() + predictLayout(sizes).matrix(0), 0.0f);
  CHECK_SAME_BITS(runPredict(sizes, x, randomGradients(sizes)).ys,
                  std::vector<float>(x.begin() + predictLayout(sizes).matrix(0), x.end()));
  x = randomInputs(correctLayout(sizes));
  std::fill(x.begin() + correctLayout(sizes).coefficients(), x.begin() + correctLayout(sizes).matrix(0), 0.0f);
  const std::vector<float> ys = runCorrect(sizes, x, randomGradients(sizes)).ys;
  const auto output = x.begin() + correctLayout(sizes).matrix(0);
  CHECK_CLOSE(std::vector<float>(ys.begin() + 21, ys.end()), std::vector<double>(output, output + 21), 1e-6);
}

TEST("the gradients of predictions and corrections equal finite differences") {
  for (const Sizes& sizes : kSmallSizes) {
    const std::vector<float> dYs = randomGradients(sizes);
    const auto predicted = [&](const std::vector<double>& p) { return dot(naivePredict(sizes, p), toDoubles(dYs)); };
    std::vector<float> x = randomInputs(predictLayout(sizes));
    CHECK_CLOSE(runPredict(sizes, x, dYs).gradients, centralDifferences(predicted, toDoubles(x)), 1e-5);
    const auto corrected = [&](const std::vector<double>& p) { return dot(naiveCorrect(sizes, p), toDoubles(dYs)); };
    x = randomInputs(correctLayout(sizes));
    CHECK_CLOSE(runCorrect(sizes, x, dYs).gradients, centralDifferences(corrected, toDoubles(x)), 1e-5);
  }
}

TEST("predictions, corrections and their gradients have the same bits on any number of threads") {
  const Sizes sizes{500, 100, 4, 1, false};
  const std::vector<float> dYs = randomGradients(sizes);
  const std::vector<float> predictInputs = randomInputs(predictLayout(sizes)), correctInputs = randomInputs(correctLayout(sizes));
  CHECK_SAME_FOR_ANY_THREADS([&] { return runPredict(sizes, predictInputs, dYs).ys; });
  CHECK_SAME_FOR_ANY_THREADS([&] { return runPredict(sizes, predictInputs, dYs).gradients; });
  CHECK_SAME_FOR_ANY_THREADS([&] { return runCorrect(sizes, correctInputs, dYs).ys; });
  CHECK_SAME_FOR_ANY_THREADS([&] { return runCorrect(sizes, correctInputs, dYs).gradients; });
}

TEST("a NaN in a row of a copy reaches that row only") {
  const Sizes sizes{3, 19, 3, 0, false};
  std::vector<float> x = randomInputs(predictLayout(sizes));
  x[static_cast<size_t>(predictLayout(sizes).matrix(1) + 19 + 18)] = kNaN;
  const std::vector<float> ys = runPredict(sizes, x, randomGradients(sizes)).ys;
  for (size_t i = 0; i < ys.size(); i++) CHECK(std::isnan(ys[i]) == (i % 57 == 19 + 18));
}
