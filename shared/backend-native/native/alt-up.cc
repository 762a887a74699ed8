/**
 * @file Alternating updates (Baykal et al. 2023, https://arxiv.org/abs/2301.13310) as Gemma 3n has them: every row's copies are mixed by
 * coefficients that a small router makes of the row.
 */
#include <algorithm>
#include <vector>

#include "kernels.h"
#include "parallel.h"
#include "rows.h"
#include "scratch.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Rows of matrices that are multiplied or added at once: as many sums as it takes that none waits for the other. */
constexpr int64_t kAtOnce = 4;

/** One row of each of several matrices. */
struct RowOfEach {
  const float* const* matrices;
  int64_t offset;

  const float* operator[](int64_t i) const { return matrices[i] + offset; }
};

/** Calls `body.run<Count>(first)` for groups of at most kAtOnce of [0, count). */
template <class Body>
void inGroups(int64_t count, const Body& body) {
  int64_t first = 0;
  for (; first + kAtOnce <= count; first += kAtOnce) body.template run<kAtOnce>(first);
  switch (count - first) {
    case 3: return body.template run<3>(first);
    case 2: return body.template run<2>(first);
    case 1: return body.template run<1>(first);
    default: return;
  }
}

struct Dots {
  int64_t d;
  const float* x;
  RowOfEach ys;
  float* products;

  template <int Count>
  void run(int64_t first) const {
    Vec sums[Count] = {};
    forEachVector(0, d, [&](int64_t k, auto lanes) {
      const Vec v = lanes.load(x + k);
      for (int j = 0; j < Count; j++) sums[j] += v * lanes.load(ys[first + j] + k);
    });
    for (int j = 0; j < Count; j++) products[first + j] = sum(sums[j]);
  }
};

/** products[j] = Σ_k x[k] ys[j][k]. */
void dots(int64_t d, const float* x, int64_t count, RowOfEach ys, float* products) { inGroups(count, Dots{d, x, ys, products}); }

struct Combination {
  int64_t d;
  /** factors[j · stride] is of xs[j]. */
  const float* factors;
  int64_t stride;
  RowOfEach xs;
  /** What the first group is added to; null for 0. */
  const float* start;
  float* y;

  template <int Count>
  void run(int64_t first) const {
    const float* from = first == 0 ? start : y;
    Vec own[Count];
    for (int j = 0; j < Count; j++) own[j] = splat(factors[(first + j) * stride]);
    forEachVector(0, d, [&](int64_t k, auto lanes) {
      Vec total = from == nullptr ? splat(0) : lanes.load(from + k);
      for (int j = 0; j < Count; j++) total += own[j] * lanes.load(xs[first + j] + k);
      lanes.store(y + k, total);
    });
  }
};

/** y = start + Σ_j factors[j · stride] xs[j]; `start` may be y. */
void addCombination(int64_t d, int64_t count, const float* factors, int64_t stride, RowOfEach xs, const float* start, float* y) {
  inGroups(count, Combination{d, factors, stride, xs, start, y});
}

/** y += factor · x. */
void addMultiple(int64_t d, float factor, const float* x, float* y) {
  forEachVector(0, d, [&](int64_t k, auto lanes) { lanes.store(y + k, lanes.load(y + k) + splat(factor) * lanes.load(x + k)); });
}

/** The router [a, d] as its rows. */
std::vector<const float*> rowsOf(const float* router, int64_t a, int64_t d) {
  std::vector<const float*> rows;
  for (int64_t i = 0; i < a; i++) rows.push_back(router + i * d);
  return rows;
}

/** y[rows] = weight[rows, a] m[a]. */
void multiplySmall(int64_t rows, int64_t a, const float* weight, const float* m, float* y) {
  for (int64_t i = 0; i < rows; i++) {
    float total = 0;
    for (int64_t l = 0; l < a; l++) total += weight[i * a + l] * m[l];
    y[i] = total;
  }
}

/** modalities[a] = tanh(router · normed / d). */
void routeRow(int64_t d, int64_t a, const float* normed, RowOfEach router, float* modalities) {
  dots(d, normed, a, router, modalities);
  const Vec share = splat(1 / static_cast<float>(d));
  forEachVector(0, a, [&](int64_t i, auto lanes) {
    lanes.store(modalities + i, hyperbolicTangent(lanes.load(modalities + i) * share));
  });
}

/** The gradients of the router and of the coefficients, of which every piece of rows has sums of its own. */
class RouterGradients {
 public:
  RouterGradients(int64_t n, const AltUpShape& shape, int64_t coefficients)
      : shape_(shape),
        coefficients_(coefficients),
        rows_(summedRowsPerPiece(shape.d * shape.copies)),
        parts_(pieces(n, rows_)),
        width_(shape.copies * shape.d + coefficients * shape.copies),
        partials_(scratchFloats(Scratch::partials, parts_ * width_)) {}

  /** Rows of a piece. */
  int64_t rows() const { return rows_; }

  /** The sums of the piece that begins at a row, all zero: of the router [a, d], then of the coefficients. */
  float* begin(int64_t row) const {
    float* part = partials_ + row / rows_ * width_;
    std::fill(part, part + width_, 0.0f);
    return part;
  }

  /** One row, given the gradients by what coefficients and modalities make; dModalities is memory for a floats. */
  void addRow(float* part, const float* dMixture, const float* coefficients, const float* normed, const float* modalities,
              RowOfEach router, float* dModalities, float* dNormed) const {
    const auto [d, a] = shape_;
    float* dCoefficients = part + a * d;
    std::fill(dModalities, dModalities + a, 0.0f);
    for (int64_t i = 0; i < coefficients_; i++) {
      for (int64_t l = 0; l < a; l++) {
        dModalities[l] += dMixture[i] * coefficients[i * a + l];
        dCoefficients[i * a + l] += dMixture[i] * modalities[l];
      }
    }
    for (int64_t l = 0; l < a; l++) {
      dModalities[l] *= (1 - modalities[l] * modalities[l]) / static_cast<float>(d);  // by what tanh was taken of
      addMultiple(d, dModalities[l], normed, part + l * d);
    }
    addCombination(d, a, dModalities, 1, router, nullptr, dNormed);
  }

  void finish(float* dRouter, float* dCoefficients) const {
    std::vector<float> total(static_cast<size_t>(width_));
    sumParts(parts_, width_, partials_, total.data());
    const int64_t routerSize = shape_.copies * shape_.d;
    std::copy(total.begin(), total.begin() + routerSize, dRouter);
    std::copy(total.begin() + routerSize, total.end(), dCoefficients);
  }

 private:
  const AltUpShape shape_;
  const int64_t coefficients_, rows_, parts_, width_;
  float* const partials_;
};

}  // namespace

void altUpPredict(int64_t n, const AltUpShape& shape, const float* normed, const float* router, const float* coefficients,
                  const float* const* copies, float* modalities, float* const* ys) {
  const auto [d, a] = shape;
  const std::vector<const float*> routerRows = rowsOf(router, a, d);
  parallelRanges(n, rowsPerPiece(d * a), [&, d = d, a = a](int64_t begin, int64_t end) {
    std::vector<float> mixture(static_cast<size_t>(a * a));
    for (int64_t row = begin; row < end; row++) {
      routeRow(d, a, normed + row * d, {routerRows.data(), 0}, modalities + row * a);
      multiplySmall(a * a, a, coefficients, modalities + row * a, mixture.data());
      for (int64_t i = 0; i < a; i++) {
        addCombination(d, a, mixture.data() + i * a, 1, {copies, row * d}, copies[i] + row * d, ys[i] + row * d);
      }
    }
  });
}

void altUpPredictGradient(int64_t n, const AltUpShape& shape, const float* const* dYs, const float* normed, const float* router,
                          const float* coefficients, const float* const* copies, const float* modalities, float* dNormed,
                          float* dRouter, float* dCoefficients, float* const* dCopies) {
  const auto [d, a] = shape;
  const std::vector<const float*> routerRows = rowsOf(router, a, d);
  const RouterGradients gradients(n, shape, a * a);
  parallelRanges(n, gradients.rows(), [&, d = d, a = a](int64_t begin, int64_t end) {
    float* part = gradients.begin(begin);
    std::vector<float> mixture(static_cast<size_t>(a * a)), dMixture(mixture.size()), dModalities(static_cast<size_t>(a));
    for (int64_t row = begin; row < end; row++) {
      const float* own = modalities + row * a;
      for (int64_t i = 0; i < a; i++) dots(d, dYs[i] + row * d, a, {copies, row * d}, dMixture.data() + i * a);
      multiplySmall(a * a, a, coefficients, own, mixture.data());
      for (int64_t j = 0; j < a; j++) {
        addCombination(d, a, mixture.data() + j, a, {dYs, row * d}, dYs[j] + row * d, dCopies[j] + row * d);
      }
      gradients.addRow(part, dMixture.data(), coefficients, normed + row * d, own, {routerRows.data(), 0}, dModalities.data(),
                       dNormed + row * d);
    }
  });
  gradients.finish(dRouter, dCoefficients);
}

void altUpCorrect(int64_t n, const AltUpShape& shape, int64_t active, const float* normed, const float* router,
                  const float* coefficients, const float* output, const float* const* predictions, float* modalities,
                  float* const* ys) {
  const auto [d, a] = shape;
  const std::vector<const float*> routerRows = rowsOf(router, a, d);
  parallelRanges(n, rowsPerPiece(d * a), [&, d = d, a = a](int64_t begin, int64_t end) {
    std::vector<float> shares(static_cast<size_t>(a)), innovation(static_cast<size_t>(d));
    for (int64_t row = begin; row < end; row++) {
      routeRow(d, a, normed + row * d, {routerRows.data(), 0}, modalities + row * a);
      multiplySmall(a, a, coefficients, modalities + row * a, shares.data());
      const float *out = output + row * d, *prediction = predictions[active] + row * d;
      forEachVector(0, d, [&](int64_t k, auto lanes) {
        lanes.store(innovation.data() + k, lanes.load(out + k) - lanes.load(prediction + k));
      });
      for (int64_t i = 0; i < a; i++) {
        const Vec factor = splat(1 + shares[static_cast<size_t>(i)]);
        const float* from = predictions[i] + row * d;
        float* to = ys[i] + row * d;
        forEachVector(0, d, [&](int64_t k, auto lanes) {
          lanes.store(to + k, lanes.load(from + k) + factor * lanes.load(innovation.data() + k));
        });
      }
    }
  });
}

void altUpCorrectGradient(int64_t n, const AltUpShape& shape, int64_t active, const float* const* dYs, const float* normed,
                          const float* router, const float* coefficients, const float* output, const float* prediction,
                          const float* modalities, float* dNormed, float* dRouter, float* dCoefficients, float* dOutput,
                          float* dPrediction) {
  const auto [d, a] = shape;
  const std::vector<const float*> routerRows = rowsOf(router, a, d);
  const RouterGradients gradients(n, shape, a);
  parallelRanges(n, gradients.rows(), [&, d = d, a = a](int64_t begin, int64_t end) {
    float* part = gradients.begin(begin);
    std::vector<float> shares(static_cast<size_t>(a)), dShares(shares.size()), dModalities(shares.size());
    std::vector<float> innovation(static_cast<size_t>(d));
    for (int64_t row = begin; row < end; row++) {
      const float* own = modalities + row * a;
      const float *out = output + row * d, *predicted = prediction + row * d, *dActive = dYs[active] + row * d;
      float *dOut = dOutput + row * d, *dPredicted = dPrediction + row * d;
      multiplySmall(a, a, coefficients, own, shares.data());
      for (float& share : shares) share += 1;
      forEachVector(0, d, [&](int64_t k, auto lanes) {
        lanes.store(innovation.data() + k, lanes.load(out + k) - lanes.load(predicted + k));
      });
      dots(d, innovation.data(), a, {dYs, row * d}, dShares.data());
      addCombination(d, a, shares.data(), 1, {dYs, row * d}, nullptr, dOut);
      forEachVector(0, d, [&](int64_t k, auto lanes) { lanes.store(dPredicted + k, lanes.load(dActive + k) - lanes.load(dOut + k)); });
      gradients.addRow(part, dShares.data(), coefficients, normed + row * d, own, {routerRows.data(), 0}, dModalities.data(),
                       dNormed + row * d);
    }
  });
  gradients.finish(dRouter, dCoefficients);
}

}  // namespace arrowsmith
