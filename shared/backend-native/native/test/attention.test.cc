/** @file Attention and its gradient, compared with the formulas in double precision. */
#include <algorithm>
#include <stdexcept>
#include <string>

#include "../kernels.h"
#include "check.h"
#include "masks.h"

namespace arrowsmith::test {
namespace {

using Doubles = std::vector<double>;

struct Inputs {
  AttentionShape shape;
  std::vector<float> q, k, v, dOut;
};

struct Results {
  std::vector<float> out, logSumExp, dQ, dK, dV;

  std::vector<float> all() const {
    std::vector<float> joined;
    for (const std::vector<float>* part : {&out, &logSumExp, &dQ, &dK, &dV}) {
      joined.insert(joined.end(), part->begin(), part->end());
    }
    return joined;
  }
};

struct Expected {
  Doubles out, logSumExp, dQ, dK, dV;
};

AttentionShape shapeOf(int64_t b, int64_t s, int64_t sKv, int64_t heads, int64_t kvHeads, int64_t headDim) {
  return {b, s, sKv, heads, kvHeads, headDim, 1 / std::sqrt(static_cast<float>(headDim)), 0, 0, 0};
}

Inputs inputsOf(const AttentionShape& shape, double size = 2) {
  const int64_t queries = shape.b * shape.s * shape.heads * shape.headDim;
  const int64_t keys = shape.b * shape.sKv * shape.kvHeads * shape.headDim;
  return {shape, randomFloats(queries, 1, -size, size), randomFloats(keys, 2, -size, size), randomFloats(keys, 3),
          randomFloats(queries, 4)};
}

Results compute(Precision precision, const Inputs& in) {
  const AttentionShape& shape = in.shape;
  // NaN where a kernel forgets to write.
  Results r{std::vector<float>(in.q.size(), kNaN),
            std::vector<float>(static_cast<size_t>(shape.b * shape.heads * shape.s), kNaN),
            std::vector<float>(in.q.size(), kNaN), std::vector<float>(in.k.size(), kNaN),
            std::vector<float>(in.v.size(), kNaN)};
  attention(precision, shape, in.q.data(), in.k.data(), in.v.data(), r.out.data(), r.logSumExp.data());
  attentionGradient(precision, shape, in.dOut.data(), in.q.data(), in.k.data(), in.v.data(), r.out.data(),
                    r.logSumExp.data(), r.dQ.data(), r.dK.data(), r.dV.data());
  return r;
}

/** Whether the query at a position of sequence b sees a key. */
bool sees(const AttentionShape& shape, int64_t b, int64_t position, int64_t key) {
  const auto startOf = [&](int64_t at) -> int64_t { return shape.documentOffsets == nullptr ? 0 : shape.documentOffsets[b * shape.sKv + at]; };
  const int64_t start = startOf(position);
  if (startOf(key) != start) return false;
  if (shape.mask != nullptr) return static_cast<const PredicateMask*>(shape.mask)->sees(position - start, key - start);
  if (key > position || (shape.window > 0 && position - key >= shape.window)) return false;
  return shape.chunk == 0 || position / shape.chunk == key / shape.chunk;
}

/** The definition: each query by itself, and each key asked whether the query sees it. */
Expected expectedOf(const AttentionShape& shape, const Doubles& q, const Doubles& k, const Doubles& v,
                    const Doubles& dOut) {
  Expected r{Doubles(q.size()), Doubles(static_cast<size_t>(shape.b * shape.heads * shape.s)), Doubles(q.size()),
             Doubles(k.size()), Doubles(v.size())};
  const int64_t d = shape.headDim, group = shape.heads / shape.kvHeads;
  for (int64_t b = 0; b < shape.b; b++) {
    for (int64_t h = 0; h < shape.heads; h++) {
      for (int64_t i = 0; i < shape.s; i++) {
        const int64_t position = i + shape.sKv - shape.s, row = ((b * shape.s + i) * shape.heads + h) * d;
        const auto rowOfKey = [&](int64_t j) { return ((b * shape.sKv + j) * shape.kvHeads + h / group) * d; };
        std::vector<int64_t> seen;
        Doubles scores, slopes;  // d score / d product
        for (int64_t j = 0; j < shape.sKv; j++) {
          if (!sees(shape, b, position, j)) continue;
          double score = 0;
          for (int64_t c = 0; c < d; c++) score += q[row + c] * k[rowOfKey(j) + c];
          score *= shape.scale;
          double slope = shape.scale;
          if (shape.softCap > 0) {
            const double t = std::tanh(score / shape.softCap);
            score = shape.softCap * t;
            slope *= 1 - t * t;
          }
          seen.push_back(j);
          scores.push_back(score);
          slopes.push_back(slope);
        }
        if (seen.empty()) {
          r.logSumExp[(b * shape.heads + h) * shape.s + i] = -kInfinity;
          continue;
        }
        const double top = *std::max_element(scores.begin(), scores.end());
        double total = 0;
        for (const double score : scores) total += std::exp(score - top);
        r.logSumExp[(b * shape.heads + h) * shape.s + i] = top + std::log(total);
        double delta = 0;
        Doubles p, dP;
        for (size_t n = 0; n < seen.size(); n++) {
          p.push_back(std::exp(scores[n] - top) / total);
          dP.push_back(0);
          for (int64_t c = 0; c < d; c++) {
            r.out[row + c] += p[n] * v[rowOfKey(seen[n]) + c];
            dP[n] += dOut[row + c] * v[rowOfKey(seen[n]) + c];
          }
          delta += p[n] * dP[n];
        }
        for (size_t n = 0; n < seen.size(); n++) {
          const double dProduct = p[n] * (dP[n] - delta) * slopes[n];
          for (int64_t c = 0; c < d; c++) {
            r.dQ[row + c] += dProduct * k[rowOfKey(seen[n]) + c];
            r.dK[rowOfKey(seen[n]) + c] += dProduct * q[row + c];
            r.dV[rowOfKey(seen[n]) + c] += p[n] * dOut[row + c];
          }
        }
      }
    }
  }
  return r;
}

Expected expectedOf(const Inputs& in) {
  return expectedOf(in.shape, toDoubles(in.q), toDoubles(in.k), toDoubles(in.v), toDoubles(in.dOut));
}

std::string describe(const AttentionShape& shape) {
  std::ostringstream text;
  text << "b " << shape.b << ", s " << shape.s << "/" << shape.sKv << ", heads " << shape.heads << "/" << shape.kvHeads
       << " of " << shape.headDim << ", window " << shape.window << ", chunk " << shape.chunk << ", cap " << shape.softCap;
  return text.str();
}

/** Each difference is at most `tolerance` of the largest expected element, or of 1 where all are smaller. */
void checkPart(const char* name, const AttentionShape& shape, const std::vector<float>& actual, const Doubles& expected,
               double tolerance) {
  double largest = 1;
  for (const double x : expected) {
    if (std::isfinite(x)) largest = std::max(largest, std::fabs(x));
  }
  for (size_t i = 0; i < actual.size(); i++) {
    if (std::fabs(actual[i] - expected[i]) <= tolerance * largest || actual[i] == expected[i]) continue;
    fail(__FILE__, __LINE__,
         std::string(name) + "[" + std::to_string(i) + "] is " + difference(actual[i], expected[i], tolerance * largest) +
             " for " + describe(shape));
    return;
  }
}

void check(Precision precision, const Inputs& in, double tolerance) {
  const Results actual = compute(precision, in);
  const Expected expected = expectedOf(in);
  checkPart("out", in.shape, actual.out, expected.out, tolerance);
  checkPart("logSumExp", in.shape, actual.logSumExp, expected.logSumExp, tolerance);
  checkPart("dQ", in.shape, actual.dQ, expected.dQ, tolerance);
  checkPart("dK", in.shape, actual.dK, expected.dK, tolerance);
  checkPart("dV", in.shape, actual.dV, expected.dV, tolerance);
}

/** float32 sums of up to some hundred terms. */
constexpr double kF32Tolerance = 1e-5;
/** bfloat16 rounds each operand by up to 2^-9. */
constexpr double kBf16Tolerance = 2e-2;

void checkBoth(const AttentionShape& shape) {
  check(Precision::f32, inputsOf(shape), kF32Tolerance);
  check(Precision::bf16, inputsOf(shape, 1), kBf16Tolerance);
}

}  // namespace

TEST("attention and its gradient follow their formulas for every head size and length") {
  for (const int64_t headDim : {1, 7, 8, 18, 48, 64, 96, 256}) {
    for (const int64_t s : {1, 2, 7, 8, 33, 65, 130}) checkBoth(shapeOf(1, s, s, 2, 2, headDim));
  }
}

TEST("query heads share key heads in groups") {
  for (const int64_t kvHeads : {1, 2, 3, 6}) {
    for (const int64_t s : {3, 50}) checkBoth(shapeOf(2, s, s, 6, kvHeads, 18));
  }
  checkBoth(shapeOf(17, 30, 30, 4, 1, 8));  // enough pieces for heads to stay together
}

TEST("queries stand at the end of the keys") {
  for (const int64_t s : {1, 2, 5, 8, 33, 70}) {
    for (const int64_t before : {1, 31, 64, 100}) checkBoth(shapeOf(1, s, s + before, 2, 1, 20));
  }
}

TEST("windows, chunks and soft caps work alone and together") {
  for (const int64_t s : {1, 6, 130}) {
    for (const int64_t before : {0, 77}) {
      for (const int64_t window : {0, 1, 5, 64, 1000}) {
        for (const int64_t chunk : {0, 1, 16, 70}) {
          for (const float softCap : {0.0f, 1.5f}) {
            AttentionShape shape = shapeOf(1, s, s + before, 2, 1, 12);
            shape.window = window;
            shape.chunk = chunk;
            shape.softCap = softCap;
            checkBoth(shape);
          }
        }
      }
    }
  }
}

TEST("long sequences are cut into pieces of queries and parts of keys") {
  AttentionShape shape = shapeOf(1, 1100, 1200, 1, 1, 8);
  checkBoth(shape);
  shape.window = 200;
  checkBoth(shape);
  AttentionShape wide = shapeOf(1, 300, 345, 2, 1, 130);  // parts of 128 keys, of which blocks of queries see some
  checkBoth(wide);
  wide.window = 90;
  checkBoth(wide);
  wide.window = 0;
  wide.chunk = 100;
  checkBoth(wide);
}

TEST("the gradient's formula is the derivative of the output") {
  for (const float softCap : {0.0f, 2.0f}) {
    AttentionShape shape = shapeOf(1, 4, 6, 2, 1, 3);
    shape.window = 4;
    shape.softCap = softCap;
    const Inputs in = inputsOf(shape);
    const Doubles q = toDoubles(in.q), k = toDoubles(in.k), v = toDoubles(in.v), dOut = toDoubles(in.dOut);
    const Expected expected = expectedOf(in);
    const auto loss = [&](const Doubles& q, const Doubles& k, const Doubles& v) {
      return dot(expectedOf(shape, q, k, v, dOut).out, dOut);
    };
    constexpr double kTolerance = 1e-8;  // of the central differences
    CHECK_CLOSE(expected.dQ, centralDifferences([&](const Doubles& x) { return loss(x, k, v); }, q), kTolerance);
    CHECK_CLOSE(expected.dK, centralDifferences([&](const Doubles& x) { return loss(q, x, v); }, k), kTolerance);
    CHECK_CLOSE(expected.dV, centralDifferences([&](const Doubles& x) { return loss(q, k, x); }, v), kTolerance);
  }
}

TEST("scores of 10⁴ give finite probabilities") {
  for (const int64_t s : {2, 70}) {
    Inputs in = inputsOf(shapeOf(1, s, s, 1, 1, 16), 100);  // products up to ±1.6 · 10⁵, times 1/4
    const Results actual = compute(Precision::f32, in);
    const Expected expected = expectedOf(in);
    // Scores are rounded by some 10⁻³, and so are the logarithms of probabilities.
    checkPart("out", in.shape, actual.out, expected.out, 1e-2);
    checkPart("logSumExp", in.shape, actual.logSumExp, expected.logSumExp, 1e-6);
    checkPart("dV", in.shape, actual.dV, expected.dV, 1e-2);
    for (const float x : actual.all()) CHECK(std::isfinite(x));
  }
}

TEST("equal scores of any size give equal probabilities") {
  for (const float value : {0.0f, -300.0f, 300.0f}) {
    Inputs in = inputsOf(shapeOf(1, 40, 40, 1, 1, 8));
    std::fill(in.q.begin(), in.q.end(), value);
    std::fill(in.k.begin(), in.k.end(), 100.0f);
    const Results actual = compute(Precision::f32, in);
    checkPart("out", in.shape, actual.out, expectedOf(in).out, kF32Tolerance);
  }
}

TEST("a NaN or an infinity reaches all that depends on it") {
  for (const int64_t s : {2, 50}) {
    const AttentionShape shape = shapeOf(1, s, s, 1, 1, 8);
    const auto last = [&](const std::vector<float>& x) { return std::vector<float>(x.end() - shape.headDim, x.end()); };
    for (const float bad : {kNaN, kInfinity}) {
      for (const int which : {0, 1, 2}) {
        Inputs in = inputsOf(shape);
        in.q.back() = in.k.back() = 0.5f;  // an infinity is one of the score, then, and not −∞, of probability 0
        (which == 0 ? in.q : which == 1 ? in.k : in.v).back() = bad;  // of the last query or key
        const Results actual = compute(Precision::f32, in);
        CHECK(!std::isfinite(last(actual.out).back()));
        for (const float dQ : last(actual.dQ)) CHECK(!std::isfinite(dQ));
        CHECK(std::isfinite(actual.out.front()));
      }
      Inputs in = inputsOf(shape);
      in.dOut.back() = bad;
      const Results actual = compute(Precision::f32, in);
      CHECK(!std::isfinite(actual.dQ.back()));
      CHECK(!std::isfinite(actual.dK.front()));
      CHECK(!std::isfinite(actual.dV.back()));
    }
  }
}

TEST("a key whose score is −∞ has probability 0") {
  for (const int64_t s : {2, 50}) {
    Inputs in = inputsOf(shapeOf(1, s, s, 1, 1, 8));
    in.q.back() = 0.5f;
    in.k.back() = -kInfinity;  // the last key, which the last query alone sees
    const std::vector<float> actual = compute(Precision::f32, in).out;
    in.k.back() = -1e6f;
    checkPart("out", in.shape, actual, expectedOf(in).out, kF32Tolerance);
  }
}

TEST("a query sees keys of its own document only") {
  Random random(7);
  for (const int64_t sKv : {1, 2, 40, 65, 200, 600}) {
    for (const int64_t s : {int64_t{1}, sKv / 2 + 1, sKv}) {
      const int64_t b = 2;
      std::vector<int32_t> documentOffsets(static_cast<size_t>(b * sKv));
      for (int64_t i = 0; i < b * sKv; i++) {
        const int64_t position = i % sKv;
        const bool begins = position == 0 || random.below(30) == 0;
        documentOffsets[static_cast<size_t>(i)] = begins ? static_cast<int32_t>(position) : documentOffsets[static_cast<size_t>(i - 1)];
      }
      AttentionShape shape = shapeOf(b, s, sKv, 2, 1, 16);
      shape.documentOffsets = documentOffsets.data();
      check(Precision::f32, inputsOf(shape), 1e-5);
      shape.window = 20;
      check(Precision::f32, inputsOf(shape), 1e-5);
      CHECK_SAME_FOR_ANY_THREADS([&] { return compute(Precision::bf16, inputsOf(shape)).all(); });
    }
  }
}

TEST("attention turns queries and keys as rope does before it") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    for (const bool interleaved : {false, true}) {
      for (const int64_t s : {1, 2, 33, 130, 700}) {
        AttentionShape shape = shapeOf(2, s, s, 4, 2, 24);
        if (s == 130) shape.window = 40;
        const int64_t rotaryPairs = s == 33 ? 5 : 12;
        const std::vector<float> cos = randomFloats(s * rotaryPairs, 8), sin = randomFloats(s * rotaryPairs, 9);
        const Rotation rotation{cos.data(), sin.data(), rotaryPairs, interleaved};
        const auto turn = [&](std::vector<float>& x, int64_t heads, bool inverse) {
          rope(2 * s, s, heads, 24, rotation, x.data(), inverse, x.data());
        };
        const Inputs in = inputsOf(shape);
        Inputs rotated = in;
        turn(rotated.q, 4, false);
        turn(rotated.k, 2, false);
        Results expected = compute(precision, rotated);
        turn(expected.dQ, 4, true);
        turn(expected.dK, 2, true);
        Inputs within = in;
        within.shape.rotation = &rotation;
        if (s >= 3) {
          CHECK_SAME_BITS(compute(precision, within).all(), expected.all());
        } else {  // few queries without a rotation go another way
          CHECK_CLOSE(compute(Precision::f32, within).all(), toDoubles(expected.all()), precision == Precision::f32 ? 1e-5 : 0.1);
        }
        CHECK_SAME_FOR_ANY_THREADS([&] { return compute(precision, within).all(); });
      }
    }
  }
}

/** Documents of 30 positions or so, for each position the first one of its own. */
std::vector<int32_t> randomDocuments(int64_t b, int64_t sKv) {
  Random random(7);
  std::vector<int32_t> offsets(static_cast<size_t>(b * sKv));
  for (int64_t i = 0; i < b * sKv; i++) {
    const int64_t position = i % sKv;
    const bool begins = position == 0 || random.below(30) == 0;
    offsets[static_cast<size_t>(i)] = begins ? static_cast<int32_t>(position) : offsets[static_cast<size_t>(i - 1)];
  }
  return offsets;
}

TEST("a mask says which keys a query sees: any, or none") {
  for (const auto& [name, predicate] : kPredicates) {
    for (const int64_t s : {1, 2, 7, 33, 64, 65, 130, 300}) {
      for (const int64_t before : {0, 31, 100}) {
        const PredicateMask mask(s + before, predicate);
        AttentionShape shape = shapeOf(1, s, s + before, 2, 1, 12);
        shape.mask = &mask;
        checkBoth(shape);
        shape.softCap = 1.5f;
        check(Precision::f32, inputsOf(shape), kF32Tolerance);
      }
    }
  }
}

TEST("a mask goes with long sequences, wide heads, groups and documents, and gives the same bits for any number of threads") {
  for (const auto& [name, predicate] : kPredicates) {
    const PredicateMask mask(1200, predicate);
    for (AttentionShape shape : {shapeOf(1, 1100, 1200, 1, 1, 8), shapeOf(1, 300, 345, 2, 1, 130), shapeOf(2, 200, 200, 6, 2, 18)}) {
      shape.mask = &mask;
      check(Precision::f32, inputsOf(shape), kF32Tolerance);
      const std::vector<int32_t> documentOffsets = randomDocuments(shape.b, shape.sKv);
      shape.documentOffsets = documentOffsets.data();
      checkBoth(shape);
      CHECK_SAME_FOR_ANY_THREADS([&] { return compute(Precision::bf16, inputsOf(shape)).all(); });
    }
  }
}

TEST("a mask goes with a rotation") {
  const PredicateMask mask(700, kPredicates.at("prefix"));
  for (const int64_t s : {1, 2, 33, 700}) {
    AttentionShape shape = shapeOf(2, s, s, 4, 2, 24);
    shape.mask = &mask;
    const std::vector<float> cos = randomFloats(s * 12, 8), sin = randomFloats(s * 12, 9);
    const Rotation rotation{cos.data(), sin.data(), 12, false};
    const auto turn = [&](std::vector<float>& x, int64_t heads, bool inverse) {
      rope(2 * s, s, heads, 24, rotation, x.data(), inverse, x.data());
    };
    const Inputs in = inputsOf(shape);
    Inputs rotated = in;
    turn(rotated.q, 4, false);
    turn(rotated.k, 2, false);
    Results expected = compute(Precision::f32, rotated);
    turn(expected.dQ, 4, true);
    turn(expected.dK, 2, true);
    Inputs within = in;
    within.shape.rotation = &rotation;
    CHECK_SAME_BITS(compute(Precision::f32, within).all(), expected.all());
  }
}

TEST("blocks that a mask does not have, or bitmaps, are refused") {
  PredicateMask mask(130, kPredicates.at("window"));
  const auto checkThrows = [](const BlockMask& given, int64_t bitmapCount, int64_t keys, const std::string& message) {
    std::string found;
    try {
      checkMask("attention", given, bitmapCount, 0, 192, keys);
    } catch (const std::out_of_range& error) {
      found = error.what();
    }
    CHECK(found.find(message) != std::string::npos);
  };
  checkMask("attention", mask, mask.bitmapCount(), 0, 192, 192);
  checkThrows(mask, mask.bitmapCount(), 193, "maskSide must be at least 4, for blocks of 64 positions, not 3");
  checkThrows(mask, mask.bitmapCount() - 1, 192, "must be at least 0 and less than bitmapCount + 2");
  mask.entries[1] = -1;
  checkThrows(mask, mask.bitmapCount(), 192, "maskTable[1]");
  checkMask("attention", mask, mask.bitmapCount(), 64, 192, 192);
}

TEST("attention has the same bits for any number of threads and in every call") {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    AttentionShape windowed = shapeOf(3, 100, 120, 4, 2, 24);
    windowed.window = 40;
    for (const AttentionShape& shape :
         {shapeOf(1, 700, 700, 2, 1, 16), windowed, shapeOf(2, 2, 4000, 4, 2, 32), shapeOf(16, 40, 40, 4, 2, 8)}) {
      const Inputs in = inputsOf(shape);
      CHECK_SAME_FOR_ANY_THREADS([&] { return compute(precision, in).all(); });
      CHECK_SAME_BITS(compute(precision, in).all(), compute(precision, in).all());
    }
  }
}

}  // namespace arrowsmith::test
