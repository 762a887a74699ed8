/**
 * @file A small test harness. A test is `TEST("a sentence about behaviour") { … }` in a file <subject>.test.cc of this
 * folder; main.cc runs them all. Checks do not throw: a failed one is printed, and the test goes on.
 */
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "../parallel.h"

namespace arrowsmith::test {

struct Test {
  const char* sentence;
  const char* file;
  void (*run)();
};

/** All tests of the program, in the order in which files were linked. */
std::vector<Test>& tests();

/** Prints a failure of the running test; of many only the first few. */
void fail(const char* file, int line, const std::string& message);

inline bool registerTest(const char* sentence, const char* file, void (*run)()) {
  tests().push_back({sentence, file, run});
  return true;
}

#define ARROWSMITH_JOIN_(a, b) a##b
#define ARROWSMITH_JOIN(a, b) ARROWSMITH_JOIN_(a, b)
#define TEST(sentence)                                                                                         \
  static void ARROWSMITH_JOIN(test, __LINE__)();                                                               \
  [[maybe_unused]] static const bool ARROWSMITH_JOIN(registered, __LINE__) =                                   \
      ::arrowsmith::test::registerTest(sentence, __FILE__, ARROWSMITH_JOIN(test, __LINE__));                   \
  static void ARROWSMITH_JOIN(test, __LINE__)()

/** The condition holds. */
#define CHECK(condition) \
  ((condition) ? void() : ::arrowsmith::test::fail(__FILE__, __LINE__, "is false: " #condition))

/** See {@link isClose}; for numbers, and element by element for vectors of one length. */
#define CHECK_CLOSE(actual, expected, tolerance) \
  ::arrowsmith::test::checkClose(__FILE__, __LINE__, #actual, actual, expected, tolerance)

/** Two vectors of floats have the same bits: also the same NaNs and signs of zeros. */
#define CHECK_SAME_BITS(actual, expected) \
  ::arrowsmith::test::checkSameBits(__FILE__, __LINE__, #actual, actual, expected)

/** A function's vector of floats has the same bits for 1, 2 and 5 threads. */
#define CHECK_SAME_FOR_ANY_THREADS(...) \
  ::arrowsmith::test::checkSameForAnyThreads(__FILE__, __LINE__, __VA_ARGS__)

/** |actual − expected| ≤ tolerance · max(1, |expected|); NaN is close to NaN, and an infinity to itself. */
inline bool isClose(double actual, double expected, double tolerance) {
  if (std::isnan(expected)) return std::isnan(actual);
  if (std::isinf(expected) || std::isinf(actual)) return actual == expected;
  return std::fabs(actual - expected) <= tolerance * std::fmax(1, std::fabs(expected));  // false for a NaN
}

inline std::string difference(double actual, double expected, double tolerance) {
  std::ostringstream text;
  text << std::setprecision(9) << actual << ", expected " << expected << " within " << tolerance;
  return text.str();
}

inline void checkClose(const char* file, int line, const char* name, double actual, double expected,
                       double tolerance) {
  if (isClose(actual, expected, tolerance)) return;
  fail(file, line, std::string(name) + " is " + difference(actual, expected, tolerance));
}

template <class Actual, class Expected>
void checkClose(const char* file, int line, const char* name, const std::vector<Actual>& actual,
                const std::vector<Expected>& expected, double tolerance) {
  if (actual.size() != expected.size()) {
    fail(file, line, std::string(name) + " has " + std::to_string(actual.size()) + " elements, expected " +
                         std::to_string(expected.size()));
    return;
  }
  for (size_t i = 0; i < actual.size(); i++) {
    if (isClose(actual[i], expected[i], tolerance)) continue;
    fail(file, line, std::string(name) + "[" + std::to_string(i) + "] of " + std::to_string(actual.size()) + " is " +
                         difference(actual[i], expected[i], tolerance));
    return;
  }
}

inline void checkSameBits(const char* file, int line, const char* name, const std::vector<float>& actual,
                          const std::vector<float>& expected) {
  if (actual.size() != expected.size()) {
    fail(file, line, std::string(name) + " has another number of elements");
    return;
  }
  for (size_t i = 0; i < actual.size(); i++) {
    if (std::memcmp(&actual[i], &expected[i], sizeof(float)) == 0) continue;
    fail(file, line, std::string(name) + "[" + std::to_string(i) + "] is " + difference(actual[i], expected[i], 0));
    return;
  }
}

template <class Compute>
void checkSameForAnyThreads(const char* file, int line, Compute&& compute) {
  const int before = threads();
  setThreads(1);
  const std::vector<float> expected = compute();
  for (const int count : {2, 5}) {
    setThreads(count);
    const std::string name = "the result of " + std::to_string(count) + " threads";
    checkSameBits(file, line, name.c_str(), compute(), expected);
  }
  setThreads(before);
}

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/** Pseudo-random numbers: SplitMix64 (Steele, Lea and Flood 2014), the same on every machine. */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  /** Uniform in [0, 1). */
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /** Uniform in [0, bound). */
  int64_t below(int64_t bound) { return static_cast<int64_t>(uniform() * static_cast<double>(bound)); }

 private:
  uint64_t state_;
};

/** `count` floats, uniform in [low, high). */
inline std::vector<float> randomFloats(int64_t count, uint64_t seed, double low = -1, double high = 1) {
  Random random(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(low + (high - low) * random.uniform());
  return values;
}

/** Floats at a line's beginning, as tensors are. */
class AlignedFloats {
 public:
  AlignedFloats(size_t count, float value) : memory_(count + kAlignment / sizeof(float), value) {
    void* p = memory_.data();
    size_t space = memory_.size() * sizeof(float);
    data_ = static_cast<float*>(std::align(kAlignment, count * sizeof(float), p, space));
  }

  float* data() { return data_; }

 private:
  static constexpr size_t kAlignment = 64;

  std::vector<float> memory_;
  float* data_;
};

/** `count` integers, uniform in [low, high). */
inline std::vector<int32_t> randomIntegers(int64_t count, uint64_t seed, int32_t low, int32_t high) {
  Random random(seed);
  std::vector<int32_t> values(static_cast<size_t>(count));
  for (int32_t& value : values) value = low + static_cast<int32_t>(random.below(high - low));
  return values;
}

inline std::vector<double> toDoubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

inline std::vector<float> toFloats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

/** Gradient of a function at a point by central differences, to about 1e-9 for functions of size and curvature 1. */
inline std::vector<double> centralDifferences(const std::function<double(const std::vector<double>&)>& f,
                                              std::vector<double> point) {
  constexpr double kStep = 1e-5;
  std::vector<double> gradient(point.size());
  for (size_t i = 0; i < point.size(); i++) {
    const double x = point[i];
    point[i] = x + kStep;
    const double above = f(point);
    point[i] = x - kStep;
    gradient[i] = (above - f(point)) / (2 * kStep);
    point[i] = x;
  }
  return gradient;
}

/** Σ a · b. */
inline double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); i++) sum += a[i] * b[i];
  return sum;
}

}  // namespace arrowsmith::test
