/** @file Tests of dry runs: what they say that kernels need is what kernels take, and nothing is computed. */
#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "../dry-run.h"
#include "../gemm.h"
#include "../kernels.h"
#include "check.h"
#include "masks.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

constexpr Precision kPrecisions[] = {Precision::f32, Precision::bf16};

/** Memory for a kernel's arrays: `next(count)` is one of them. */
class Arrays {
 public:
  float* next(int64_t count) {
    arrays_.push_back(randomFloats(count, arrays_.size()));
    return arrays_.back().data();
  }

 private:
  std::vector<std::vector<float>> arrays_;
};

/** Bytes that a kernel takes on a thread that has none yet, and that a dry run says. */
struct Taken {
  int64_t really, said;
};

Taken take(const std::function<void()>& kernel) {
  Taken taken{};
  std::thread([&] {
    const int64_t before = scratchTotal();
    kernel();
    taken.really = scratchTotal() - before;
    beginDryRun();
    kernel();
    taken.said = endDryRun();
  }).join();
  return taken;
}

/** Buffers are made an eighth larger than asked for, in whole pages. */
void expectSame(const std::string& name, const Taken& taken) {
  // What may have to be packed of a block's left-hand side is not always packed, and 400 KB at most.
  constexpr int64_t kLeft = 96 * 1024 * 4, kPages = static_cast<int64_t>(Scratch::count) * 4096;
  const int64_t least = (taken.really - kPages) * 8 / 9, most = taken.really + kLeft;
  if (taken.said >= least && taken.said <= most) return;
  fail(__FILE__, __LINE__, name + " takes " + std::to_string(taken.really) + " bytes, said were " + std::to_string(taken.said));
}

/** Runs kernels that a name belongs to, on one thread. */
void expectSameForAll(const std::vector<std::pair<std::string, std::function<void()>>>& kernels) {
  const int before = threads();
  setThreads(1);
  for (const auto& [name, kernel] : kernels) expectSame(name, take(kernel));
  setThreads(before);
}

}  // namespace

TEST("matrix products say what they need") {
  struct Sizes {
    int64_t m, n, k;
  };
  Arrays arrays;
  std::vector<std::pair<std::string, std::function<void()>>> kernels;
  for (const auto& [m, n, k] : {Sizes{3, 50, 70}, Sizes{20, 30, 40}, Sizes{200, 300, 100}, Sizes{130, 70, 3000}, Sizes{100, 200, 1600}}) {
    float *a = arrays.next(m * k), *b = arrays.next(k * n), *c = arrays.next(m * n);
    for (const bool transposedA : {false, true}) {
      for (const bool transposedB : {false, true}) {
        for (const Precision precision : kPrecisions) {
          const Matrix left{a, transposedA ? m : k, transposedA}, right{b, transposedB ? k : n, transposedB};
          const std::string name = "gemm " + std::to_string(m) + " " + std::to_string(n) + " " + std::to_string(k);
          kernels.push_back({name, [=, m = m, n = n, k = k] { gemm(precision, m, n, k, left, right, c, n, false); }});
        }
      }
    }
  }
  float *a = arrays.next(8 * 60 * 50), *b = arrays.next(8 * 50 * 40), *c = arrays.next(8 * 60 * 40);
  kernels.push_back({"gemmBatched", [=] { gemmBatched(Precision::f32, false, false, 8, 60, 40, 50, a, 3000, b, 2000, c); }});
  expectSameForAll(kernels);
}

TEST("linear layers and feed-forward networks say what they need") {
  Arrays arrays;
  std::vector<std::pair<std::string, std::function<void()>>> kernels;
  const int64_t d = 96, f = 200;
  for (const int64_t n : {40, 700, 2000}) {
    float *x = arrays.next(n * d), *y = arrays.next(n * f), *dX = arrays.next(n * d);
    float *weight = arrays.next(f * d), *dWeight = arrays.next(f * d);
    for (const Precision precision : kPrecisions) {
      kernels.push_back({"linear", [=] { linear(precision, n, d, f, x, weight, nullptr, y); }});
      kernels.push_back({"linearGradients", [=] {
                           const LinearLayer layer{f, y, weight, dWeight};
                           linearGradients(precision, n, d, x, &layer, 1, dX);
                         }});
      float *up = arrays.next(n * f), *memory = arrays.next(n * f), *gateWeight = arrays.next(f * d), *downWeight = arrays.next(d * f);
      float *dGate = arrays.next(f * d), *dUp = arrays.next(f * d), *dDown = arrays.next(d * f), *dY = arrays.next(n * d);
      const FeedForwardShape shape{Activation::silu, n, d, f};
      const FeedForwardWeights weights{gateWeight, weight, downWeight};
      kernels.push_back({"gatedFeedForward", [=] { gatedFeedForward(precision, shape, x, weights, nullptr, y, up, dX); }});
      kernels.push_back({"gatedFeedForwardGradient", [=] {
                           gatedFeedForwardGradient(precision, shape, dY, x, weights, y, up, memory, dX, {dGate, dUp, dDown});
                         }});
    }
  }
  expectSameForAll(kernels);
}

TEST("layers of experts say what they need, however rows are spread") {
  Arrays arrays;
  std::vector<std::pair<std::string, std::function<void()>>> kernels;
  const int64_t n = 1200, d = 80, f = 120;
  float *x = arrays.next(n * d), *y = arrays.next(n * f), *dX = arrays.next(n * d);
  float *weight = arrays.next(4 * f * d), *dWeight = arrays.next(4 * f * d);
  static const int32_t even[] = {0, 300, 600, 900, 1200}, together[] = {0, 1200, 1200, 1200, 1200}, few[] = {0, 3, 3, 600, 1200};
  for (const int32_t* offsets : {even, together, few}) {
    for (const Precision precision : kPrecisions) {
      kernels.push_back({"groupedLinear", [=] {
                           const GroupedLayer layer{f, weight, y};
                           groupedLinear(precision, 4, offsets, d, x, &layer, 1);
                         }});
      kernels.push_back({"groupedLinearGradients", [=] {
                           const LinearLayer layer{f, y, weight, dWeight};
                           groupedLinearGradients(precision, 4, offsets, d, x, &layer, 1, dX);
                         }});
    }
  }
  expectSameForAll(kernels);
}

TEST("attention says what it needs: with rotation, windows, chunks, masks, shared keys, few queries") {
  Arrays arrays;
  std::vector<std::pair<std::string, std::function<void()>>> kernels;
  struct Sizes {
    int64_t b, s, sKv, heads, kvHeads, window, chunk;
    bool rotates, interleaved;
    const BlockMask* mask = nullptr;
  };
  static const PredicateMask prefix(900, kPredicates.at("prefix")), windowed(900, kPredicates.at("window"));
  const int64_t headDim = 32, rotaryPairs = headDim / 2;
  for (const auto& [b, s, sKv, heads, kvHeads, window, chunk, rotates, interleaved, mask] :
       {Sizes{2, 300, 300, 4, 2, 0, 0, false, false}, Sizes{1, 700, 700, 2, 2, 0, 0, true, false}, Sizes{1, 700, 700, 2, 1, 128, 0, true, true},
        Sizes{3, 200, 200, 2, 2, 0, 64, false, false}, Sizes{2, 1, 900, 4, 2, 0, 0, false, false}, Sizes{20, 50, 50, 2, 2, 0, 0, true, false},
        Sizes{2, 700, 700, 4, 2, 0, 0, true, false, &prefix}, Sizes{2, 1, 900, 4, 2, 0, 0, false, false, &prefix},
        Sizes{1, 700, 700, 2, 2, 0, 0, false, false, &windowed}}) {
    const int64_t queries = b * s * heads * headDim, keys = b * sKv * kvHeads * headDim;
    float *q = arrays.next(queries), *k = arrays.next(keys), *v = arrays.next(keys), *out = arrays.next(queries);
    float *logSumExp = arrays.next(b * heads * s), *dOut = arrays.next(queries), *dQ = arrays.next(queries);
    float *dK = arrays.next(keys), *dV = arrays.next(keys);
    const Rotation tables{arrays.next(sKv * rotaryPairs), arrays.next(sKv * rotaryPairs), rotaryPairs, interleaved};
    const AttentionShape plain{b, s, sKv, heads, kvHeads, headDim, 0.2f, window, chunk, 0, nullptr, nullptr, mask};
    for (const Precision precision : kPrecisions) {
      const std::string name = std::to_string(s) + " of " + std::to_string(sKv);
      const auto shape = [=, rotates = rotates](const Rotation& rotation) {
        AttentionShape result = plain;
        if (rotates) result.rotation = &rotation;
        return result;
      };
      kernels.push_back({"attention " + name, [=] { attention(precision, shape(tables), q, k, v, out, logSumExp); }});
      if (s < sKv) continue;
      kernels.push_back({"attentionGradient " + name, [=] {
                           attentionGradient(precision, shape(tables), dOut, q, k, v, out, logSumExp, dQ, dK, dV);
                         }});
    }
  }
  expectSameForAll(kernels);
}

TEST("the output layer, norms and embeddings say what they need") {
  Arrays arrays;
  std::vector<std::pair<std::string, std::function<void()>>> kernels;
  const int64_t n = 1500, d = 72, vocabularySize = 5000;
  float *x = arrays.next(n * d), *weight = arrays.next(vocabularySize * d), *losses = arrays.next(n), *dX = arrays.next(n * d);
  float *dWeight = arrays.next(vocabularySize * d), *gain = arrays.next(d), *dGain = arrays.next(d), *y = arrays.next(n * d);
  static const std::vector<int32_t> ids = randomIntegers(n, 1, 0, vocabularySize);
  for (const Precision precision : kPrecisions) {
    kernels.push_back({"tokenLosses", [=] { tokenLosses(precision, n, d, vocabularySize, x, weight, ids.data(), losses, {}); }});
    kernels.push_back({"linearCrossEntropy", [=] {
                         linearCrossEntropy(precision, n, d, vocabularySize, x, weight, ids.data(), dX, dWeight, {});
                       }});
  }
  kernels.push_back({"embeddingGradient", [=] { embeddingGradient(n, d, vocabularySize, ids.data(), x, dWeight); }});
  kernels.push_back({"rmsNormGradient", [=] { rmsNormGradient(n, d, y, x, gain, losses, nullptr, dX, dGain); }});
  kernels.push_back({"columnSums", [=] { columnSums(n, d, x, dGain); }});
  const Rotation tables{arrays.next(n * d / 2), arrays.next(n * d / 2), d / 2, true};
  kernels.push_back({"rope", [=] { rope(n, n, 1, d, tables, x, false, y); }});
  expectSameForAll(kernels);
}

TEST("what pieces ask for counts for every thread, and what their kernel asks for once") {
  const auto needed = [](int count) {
    setThreads(count);
    beginDryRun();
    scratchBytes(Scratch::logits, 1000);
    needOnEachThread(Scratch::features, 100);
    needOnEachThread(Scratch::packedA, 10);
    scratchBytes(Scratch::packedA, 30);
    return endDryRun();
  };
  const int before = threads();
  CHECK(needed(1) == 1000 + 100 + 30);
  CHECK(needed(3) == 1000 + 3 * 100 + 30 + 2 * 10);
  setThreads(before);
}

TEST("a dry run writes no results, and kernels compute again after it") {
  const int64_t n = 400;
  const std::vector<float> a = randomFloats(n * n, 1), b = randomFloats(n * n, 2);
  std::vector<float> c(static_cast<size_t>(n * n), kNaN);
  const auto multiply = [&] { gemm(Precision::f32, n, n, n, {a.data(), n, false}, {b.data(), n, false}, c.data(), n, false); };
  beginDryRun();
  multiply();
  endDryRun();
  CHECK(std::all_of(c.begin(), c.end(), [](float x) { return std::isnan(x); }));
  multiply();
  CHECK(std::none_of(c.begin(), c.end(), [](float x) { return std::isnan(x); }));
}
