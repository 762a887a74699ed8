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
    const float* own[Count];  // local, as what is stored might otherwise be one of the pointers
    for (int j = 0; j < Count; j++) own[j] = ys[first + j];
    Vec sums[Count] = {};
    forEachVector(0, d, [&](int64_t k, auto lanes) {
      const Vec v = lanes.load(x + k);
      for (int j = 0; j < Count; j++) sums[j] += v * lanes.load(own[j] + k);
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
    float* const to = y;
    const float* own[Count];
    Vec multiples[Count];
    for (int j = 0; j < Count; j++) {
      own[j] = xs[first + j];
      multiples[j] = splat(factors[(first + j) * stride]);
    }
    forEachVector(0, d, [&](int64_t k, auto lanes) {
      Vec total = from == nullptr ? splat(0) : lanes.load(from + k);
      for (int j = 0; j < Count; j++) total += multiples[j] * lanes.load(own[j] + k);
      lanes.store(to + k, total);
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

/** coefficients[count, a] as [a, count]: they are many beside the copies, and go into vectors. */
std::vector<float> transposed(const float* coefficients, int64_t count, int64_t a) {
  std::vector<float> result(static_cast<size_t>(count * a));
  for (int64_t i = 0; i < count; i++) {
    for (int64_t l = 0; l < a; l++) result[static_cast<size_t>(l * count + i)] = coefficients[i * a + l];
  }
  return result;
}

/** mixture[count] = Σ_l coefficients[l, count] modalities[l]. */
void mixRow(int64_t count, int64_t a, const float* coefficients, const float* modalities, float* mixture) {
  forEachVector(0, count, [&](int64_t i, auto lanes) {
    Vec total = splat(0);
    for (int64_t l = 0; l < a; l++) total += splat(modalities[l]) * lanes.load(coefficients + l * count + i);
    lanes.store(mixture + i, total);
  });
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
  RouterGradients(int64_t n, const AltUpShape& shape, int64_t count)
      : shape_(shape),
        count_(count),
        rows_(summedRowsPerPiece(shape.d * shape.copies)),
        parts_(pieces(n, rows_)),
        width_(shape.copies * shape.d + count * shape.copies),
        partials_(scratchFloats(Scratch::partials, parts_ * width_)) {}

  /** Rows of a piece. */
  int64_t rows() const { return rows_; }

  /** The sums of the piece that begins at a row, all zero: of the router [a, d], then of the coefficients. */
  float* begin(int64_t row) const {
    float* part = partials_ + row / rows_ * width_;
    std::fill(part, part + width_, 0.0f);
    return part;
  }

  /** One row, given the gradients of its mixture and the transposed coefficients; dModalities is memory for a floats. */
  void addRow(float* part, const float* dMixture, const float* coefficients, const float* normed, const float* modalities,
              RowOfEach router, float* dModalities, float* dNormed) const {
    const auto [d, a] = shape_;
    float* dCoefficients = part + a * d;  // [a, count], too
    for (int64_t l = 0; l < a; l++) {
      const float* own = coefficients + l * count_;
      const float product = sumOf(count_, [&](int64_t i, auto lanes) { return lanes.load(dMixture + i) * lanes.load(own + i); });
      dModalities[l] = product * (1 - modalities[l] * modalities[l]) / static_cast<float>(d);  // by what tanh was taken of
      addMultiple(count_, modalities[l], dMixture, dCoefficients + l * count_);
      addMultiple(d, dModalities[l], normed, part + l * d);
    }
    addCombination(d, a, dModalities, 1, router, nullptr, dNormed);
  }

  void finish(float* dRouter, float* dCoefficients) const {
    std::vector<float> total(static_cast<size_t>(width_));
    sumParts(parts_, width_, partials_, total.data());
    const int64_t routerSize = shape_.copies * shape_.d;
    std::copy(total.begin(), total.begin() + routerSize, dRouter);
    const std::vector<float> coefficients = transposed(total.data() + routerSize, shape_.copies, count_);
    std::copy(coefficients.begin(), coefficients.end(), dCoefficients);
  }

 private:
  const AltUpShape shape_;
  const int64_t count_, rows_, parts_, width_;
  float* const partials_;
};

}  // namespace

void altUpPredict(int64_t n, const AltUpShape& shape, const float* normed, const float* router, const float* coefficients,
                  const float* const* copies, float* modalities, float* const* ys) {
  const auto [d, a] = shape;
  const std::vector<const float*> routerRows = rowsOf(router, a, d);
  const std::vector<float> byModality = transposed(coefficients, a * a, a);
  parallelRanges(n, rowsPerPiece(d * a), [&, d = d, a = a](int64_t begin, int64_t end) {
    std::vector<float> mixture(static_cast<size_t>(a * a));
    for (int64_t row = begin; row < end; row++) {
      routeRow(d, a, normed + row * d, {routerRows.data(), 0}, modalities + row * a);
      mixRow(a * a, a, byModality.data(), modalities + row * a, mixture.data());
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
  const std::vector<float> byModality = transposed(coefficients, a * a, a);
  const RouterGradients gradients(n, shape, a * a);
  parallelRanges(n, gradients.rows(), [&, d = d, a = a](int64_t begin, int64_t end) {
    float* part = gradients.begin(begin);
    std::vector<float> mixture(static_cast<size_t>(a * a)), dMixture(mixture.size()), dModalities(static_cast<size_t>(a));
    for (int64_t row = begin; row < end; row++) {
      const float* own = modalities + row * a;
      for (int64_t i = 0; i < a; i++) dots(d, dYs[i] + row * d, a, {copies, row * d}, dMixture.data() + i * a);
      mixRow(a * a, a, byModality.data(), own, mixture.data());
      for (int64_t j = 0; j < a; j++) {
        addCombination(d, a, mixture.data() + j, a, {dYs, row * d}, dYs[j] + row * d, dCopies[j] + row * d);
      }
      gradients.addRow(part, dMixture.data(), byModality.data(), normed + row * d, own, {routerRows.data(), 0}, dModalities.data(),
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
  const std::vector<float> byModality = transposed(coefficients, a, a);
  parallelRanges(n, rowsPerPiece(d * a), [&, d = d, a = a](int64_t begin, int64_t end) {
    std::vector<float> shares(static_cast<size_t>(a)), innovation(static_cast<size_t>(d));
    for (int64_t row = begin; row < end; row++) {
      routeRow(d, a, normed + row * d, {routerRows.data(), 0}, modalities + row * a);
      mixRow(a, a, byModality.data(), modalities + row * a, shares.data());
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
  const std::vector<float> byModality = transposed(coefficients, a, a);
  const RouterGradients gradients(n, shape, a);
  parallelRanges(n, gradients.rows(), [&, d = d, a = a](int64_t begin, int64_t end) {
    float* part = gradients.begin(begin);
    std::vector<float> shares(static_cast<size_t>(a)), dShares(shares.size()), dModalities(shares.size());
    std::vector<float> innovation(static_cast<size_t>(d));
    for (int64_t row = begin; row < end; row++) {
      const float* own = modalities + row * a;
      const float *out = output + row * d, *predicted = prediction + row * d, *dActive = dYs[active] + row * d;
      float *dOut = dOutput + row * d, *dPredicted = dPrediction + row * d;
      mixRow(a, a, byModality.data(), own, shares.data());
      for (float& share : shares) share += 1;
      forEachVector(0, d, [&](int64_t k, auto lanes) {
        lanes.store(innovation.data() + k, lanes.load(out + k) - lanes.load(predicted + k));
      });
      dots(d, innovation.data(), a, {dYs, row * d}, dShares.data());
      addCombination(d, a, shares.data(), 1, {dYs, row * d}, nullptr, dOut);
      forEachVector(0, d, [&](int64_t k, auto lanes) { lanes.store(dPredicted + k, lanes.load(dActive + k) - lanes.load(dOut + k)); });
      gradients.addRow(part, dShares.data(), byModality.data(), normed + row * d, own, {routerRows.data(), 0}, dModalities.data(),
                       dNormed + row * d);
    }
  });
  gradients.finish(dRouter, dCoefficients);
}

}  // namespace arrowsmith
