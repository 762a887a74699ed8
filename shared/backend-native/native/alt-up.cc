/**
 * @file Alternating updates (Baykal et al. 2023, https://arxiv.org/abs/2301.13310) as Gemma 3n has them: every row's copies are mixed by
 * coefficients that a small router makes of the row.
 */
#include <algorithm>
#include <cmath>
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

/** coefficients[count, a] as [a, count]: they are many beside the copies, and go into vectors. */
std::vector<float> transposed(const float* coefficients, int64_t count, int64_t a) {
  std::vector<float> result(static_cast<size_t>(count * a));
  for (int64_t i = 0; i < count; i++) {
    for (int64_t l = 0; l < a; l++) result[static_cast<size_t>(l * count + i)] = coefficients[i * a + l];
  }
  return result;
}

/** What makes the coefficients of a row, with what all rows have in common prepared. */
class Router {
 public:
  /** @param count the number of coefficients of a row */
  Router(const AltUpShape& shape, const AltUpRouter& router, int64_t count)
      : d_(shape.d),
        a_(shape.copies),
        count_(count),
        router_(router),
        gained_(static_cast<size_t>(a_ * d_)),
        coefficients_(transposed(router.coefficients, count, a_)) {
    for (int64_t l = 0; l < a_; l++) {
      float* row = gained_.data() + l * d_;
      for (int64_t k = 0; k < d_; k++) row[k] = router.weight[l * d_ + k] * router.gains[k];
      rows_.push_back(row);
    }
  }

  /** normed[d] = the row without its gains. @return by what it was multiplied */
  float normalize(const float* x, float* normed) const {
    const float mean = router_.centered ? meanOf(d_, [&](int64_t k, auto lanes) { return lanes.load(x + k); }) : 0;
    const float square = meanOf(d_, [&](int64_t k, auto lanes) {
      const Vec v = lanes.load(x + k, mean) - splat(mean);
      return v * v;
    });
    const float inverse = 1 / std::sqrt(square + router_.epsilon);
    forEachVector(0, d_, [&](int64_t k, auto lanes) { lanes.store(normed + k, (lanes.load(x + k) - splat(mean)) * splat(inverse)); });
    return inverse;
  }

  /** modalities[a] = tanh(weight · (gains · normed) / d). */
  void modalitiesOf(const float* normed, float* modalities) const {
    dots(d_, normed, a_, {rows_.data(), 0}, modalities);
    const Vec share = splat(1 / static_cast<float>(d_));
    forEachVector(0, a_, [&](int64_t l, auto lanes) {
      lanes.store(modalities + l, hyperbolicTangent(lanes.load(modalities + l) * share));
    });
  }

  /** mixture[count] = coefficients · modalities. */
  void mix(const float* modalities, float* mixture) const {
    forEachVector(0, count_, [&](int64_t i, auto lanes) {
      Vec total = splat(0);
      for (int64_t l = 0; l < a_; l++) total += splat(modalities[l]) * lanes.load(coefficients_.data() + l * count_ + i);
      lanes.store(mixture + i, total);
    });
  }

 protected:
  const int64_t d_, a_, count_;
  const AltUpRouter router_;
  /** The weight times the gains, and its rows. */
  std::vector<float> gained_;
  std::vector<const float*> rows_;
  /** [a, count] */
  const std::vector<float> coefficients_;
};

/** The gradients of the router, of which every piece of rows has sums of its own. */
class RouterGradients : public Router {
 public:
  RouterGradients(int64_t n, const AltUpShape& shape, const AltUpRouter& router, int64_t count)
      : Router(shape, router, count),
        pieceRows_(summedRowsPerPiece(d_ * a_)),
        parts_(pieces(n, pieceRows_)),
        width_(a_ * (d_ + count)),
        partials_(scratchFloats(Scratch::partials, parts_ * width_)) {}

  /** Rows of a piece. */
  int64_t pieceRows() const { return pieceRows_; }

  /** The sums of the piece that begins at a row, all zero: of the weight with its gains [a, d], and of the coefficients [a, count]. */
  float* begin(int64_t row) const {
    float* part = partials_ + row / pieceRows_ * width_;
    std::fill(part, part + width_, 0.0f);
    return part;
  }

  /**
   * Adds one row's gradient to dX, given that of its mixture, and what {@link normalize} made of the row.
   *
   * @param memory for a + d floats
   */
  void addRow(float* part, const float* dMixture, const float* normed, float inverse, const float* modalities, float* memory,
              float* dX) const {
    float *dLogits = memory, *dNormed = memory + a_, *dCoefficients = part + a_ * d_;
    for (int64_t l = 0; l < a_; l++) {
      const float* own = coefficients_.data() + l * count_;
      const float product = sumOf(count_, [&](int64_t i, auto lanes) { return lanes.load(dMixture + i) * lanes.load(own + i); });
      dLogits[l] = product * (1 - modalities[l] * modalities[l]) / static_cast<float>(d_);
      addMultiple(count_, modalities[l], dMixture, dCoefficients + l * count_);
      addMultiple(d_, dLogits[l], normed, part + l * d_);
    }
    addCombination(d_, a_, dLogits, 1, {rows_.data(), 0}, nullptr, dNormed);
    // The gradient of the norm: inverse · (g − mean(g) if centered − normed · mean(g · normed)).
    const float shift = router_.centered ? meanOf(d_, [&](int64_t k, auto lanes) { return lanes.load(dNormed + k); }) : 0;
    const float slope = meanOf(d_, [&](int64_t k, auto lanes) { return lanes.load(dNormed + k) * lanes.load(normed + k); });
    forEachVector(0, d_, [&](int64_t k, auto lanes) {
      const Vec own = lanes.load(dNormed + k) - splat(shift) - lanes.load(normed + k) * splat(slope);
      lanes.store(dX + k, lanes.load(dX + k) + own * splat(inverse));
    });
  }

  void finish(const AltUpRouterGradients& gradients) const {
    std::vector<float> total(static_cast<size_t>(width_));
    sumParts(parts_, width_, partials_, total.data());
    std::fill(gradients.gains, gradients.gains + d_, 0.0f);
    for (int64_t l = 0; l < a_; l++) {
      for (int64_t k = 0; k < d_; k++) {
        const float gradient = total[static_cast<size_t>(l * d_ + k)];
        gradients.weight[l * d_ + k] = gradient * router_.gains[k];
        gradients.gains[k] += gradient * router_.weight[l * d_ + k];
      }
    }
    const std::vector<float> coefficients = transposed(total.data() + a_ * d_, a_, count_);
    std::copy(coefficients.begin(), coefficients.end(), gradients.coefficients);
  }

 private:
  const int64_t pieceRows_, parts_, width_;
  float* const partials_;
};

}  // namespace

void altUpPredict(int64_t n, const AltUpShape& shape, const AltUpRouter& router, const float* const* copies, float* modalities,
                  float* const* ys) {
  const auto [d, a, active] = shape;
  const Router route(shape, router, a * a);
  parallelRanges(n, rowsPerPiece(d * a), [&, d = d, a = a, active = active](int64_t begin, int64_t end) {
    std::vector<float> mixture(static_cast<size_t>(a * a)), normed(static_cast<size_t>(d));
    for (int64_t row = begin; row < end; row++) {
      route.normalize(copies[active] + row * d, normed.data());
      route.modalitiesOf(normed.data(), modalities + row * a);
      route.mix(modalities + row * a, mixture.data());
      for (int64_t i = 0; i < a; i++) {
        addCombination(d, a, mixture.data() + i * a, 1, {copies, row * d}, copies[i] + row * d, ys[i] + row * d);
      }
    }
  });
}

void altUpPredictGradient(int64_t n, const AltUpShape& shape, const float* const* dYs, const AltUpRouter& router,
                          const float* const* copies, const float* modalities, const AltUpRouterGradients& dRouter,
                          float* const* dCopies) {
  const auto [d, a, active] = shape;
  const RouterGradients route(n, shape, router, a * a);
  parallelRanges(n, route.pieceRows(), [&, d = d, a = a, active = active](int64_t begin, int64_t end) {
    float* part = route.begin(begin);
    std::vector<float> mixture(static_cast<size_t>(a * a)), dMixture(mixture.size());
    std::vector<float> normed(static_cast<size_t>(d)), memory(static_cast<size_t>(a + d));
    for (int64_t row = begin; row < end; row++) {
      const float* own = modalities + row * a;
      for (int64_t i = 0; i < a; i++) dots(d, dYs[i] + row * d, a, {copies, row * d}, dMixture.data() + i * a);
      route.mix(own, mixture.data());
      for (int64_t j = 0; j < a; j++) {
        addCombination(d, a, mixture.data() + j, a, {dYs, row * d}, dYs[j] + row * d, dCopies[j] + row * d);
      }
      const float inverse = route.normalize(copies[active] + row * d, normed.data());
      route.addRow(part, dMixture.data(), normed.data(), inverse, own, memory.data(), dCopies[active] + row * d);
    }
  });
  route.finish(dRouter);
}

void altUpCorrect(int64_t n, const AltUpShape& shape, const AltUpRouter& router, const float* output,
                  const float* const* predictions, float* modalities, float* const* ys) {
  const auto [d, a, active] = shape;
  const Router route(shape, router, a);
  parallelRanges(n, rowsPerPiece(d * a), [&, d = d, a = a, active = active](int64_t begin, int64_t end) {
    std::vector<float> shares(static_cast<size_t>(a)), normed(static_cast<size_t>(d)), innovation(normed.size());
    for (int64_t row = begin; row < end; row++) {
      const float *out = output + row * d, *prediction = predictions[active] + row * d;
      route.normalize(out, normed.data());
      route.modalitiesOf(normed.data(), modalities + row * a);
      route.mix(modalities + row * a, shares.data());
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

void altUpCorrectGradient(int64_t n, const AltUpShape& shape, const float* const* dYs, const AltUpRouter& router, const float* output,
                          const float* prediction, const float* modalities, const AltUpRouterGradients& dRouter, float* dOutput,
                          float* dPrediction) {
  const auto [d, a, active] = shape;
  const RouterGradients route(n, shape, router, a);
  parallelRanges(n, route.pieceRows(), [&, d = d, a = a, active = active](int64_t begin, int64_t end) {
    float* part = route.begin(begin);
    std::vector<float> shares(static_cast<size_t>(a)), dShares(shares.size()), memory(static_cast<size_t>(a + d));
    std::vector<float> normed(static_cast<size_t>(d)), innovation(normed.size());
    for (int64_t row = begin; row < end; row++) {
      const float* own = modalities + row * a;
      const float *out = output + row * d, *predicted = prediction + row * d, *dActive = dYs[active] + row * d;
      float *dOut = dOutput + row * d, *dPredicted = dPrediction + row * d;
      route.mix(own, shares.data());
      for (float& share : shares) share += 1;
      forEachVector(0, d, [&](int64_t k, auto lanes) {
        lanes.store(innovation.data() + k, lanes.load(out + k) - lanes.load(predicted + k));
      });
      dots(d, innovation.data(), a, {dYs, row * d}, dShares.data());
      addCombination(d, a, shares.data(), 1, {dYs, row * d}, nullptr, dOut);
      forEachVector(0, d, [&](int64_t k, auto lanes) { lanes.store(dPredicted + k, lanes.load(dActive + k) - lanes.load(dOut + k)); });
      const float inverse = route.normalize(out, normed.data());
      route.addRow(part, dShares.data(), normed.data(), inverse, own, memory.data(), dOut);
    }
  });
  route.finish(dRouter);
}

}  // namespace arrowsmith
