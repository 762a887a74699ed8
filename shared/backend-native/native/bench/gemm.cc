/**
 * @file Times this package's matrix product, and OpenBLAS's where its library is found, taking turns in one run.
 *
 * Usage: gemm <threads> <seconds> (<m> <n> <k> <transposeA> <transposeB>)…; prints one JSON object a line for each product, with the median
 * rates in GFLOP/s of `f32`, `bf16` (null where the processor has none) and `openblas` (null where not found).
 */
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "../gemm.h"
#include "../parallel.h"

namespace {

/** The part of CBLAS that is called; 111 and 112 are its constants for a matrix as it is and for its transpose. */
using Sgemm = void (*)(int order, int transposeA, int transposeB, int m, int n, int k, float alpha, const float* a, int lda,
                       const float* b, int ldb, float beta, float* c, int ldc);
constexpr int kRowMajor = 101, kPlain = 111, kTransposed = 112;

Sgemm openBlas(int threads) {
  for (const char* name : {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"}) {
    void* library = dlopen(name, RTLD_NOW);
    if (library == nullptr) continue;
    if (void* set = dlsym(library, "openblas_set_num_threads")) reinterpret_cast<void (*)(int)>(set)(threads);
    return reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm"));
  }
  return nullptr;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<float> randomMatrix(int64_t size) {
  std::vector<float> values(static_cast<size_t>(size));
  uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525 + 1013904223;
    value = static_cast<float>(state >> 8) / (1 << 24) - 0.5f;
  }
  return values;
}

std::string median(std::vector<double> rates) {
  if (rates.empty()) return "null";
  std::sort(rates.begin(), rates.end());
  return std::to_string(rates[rates.size() / 2]);
}

}  // namespace

int main(int count, char** arguments) {
  using namespace arrowsmith;
  if (count < 8 || (count - 3) % 5 != 0) {
    std::fprintf(stderr, "usage: gemm <threads> <seconds> (<m> <n> <k> <transposeA> <transposeB>)...\n");
    return 2;
  }
  const int threadCount = std::atoi(arguments[1]);
  const double seconds = std::atof(arguments[2]);
  setThreads(threadCount);
  const Sgemm sgemm = openBlas(threadCount);
  for (int i = 3; i < count; i += 5) {
    const int m = std::atoi(arguments[i]), n = std::atoi(arguments[i + 1]), k = std::atoi(arguments[i + 2]);
    const bool transposeA = std::atoi(arguments[i + 3]) != 0, transposeB = std::atoi(arguments[i + 4]) != 0;
    const std::vector<float> a = randomMatrix(int64_t{m} * k), b = randomMatrix(int64_t{k} * n);
    std::vector<float> c(static_cast<size_t>(m) * n);
    const Matrix left{a.data(), transposeA ? m : k, transposeA}, right{b.data(), transposeB ? k : n, transposeB};

    std::vector<std::function<void()>> ways = {
        [&] { gemm(Precision::f32, m, n, k, left, right, c.data(), n, false); },
        [&] { gemm(Precision::bf16, m, n, k, left, right, c.data(), n, false); },
        [&] {
          sgemm(kRowMajor, transposeA ? kTransposed : kPlain, transposeB ? kTransposed : kPlain, m, n, k, 1, a.data(),
                static_cast<int>(left.stride), b.data(), static_cast<int>(right.stride), 0, c.data(), n);
        },
    };
    const bool possible[] = {true, hasBf16(), sgemm != nullptr};
    std::vector<double> rates[3];
    const double work = 2.0 * m * n * k;
    // Long turns: a library's threads stay awake for some time after its last product, and would take a core from the next one.
    const int repeats = std::max(1, static_cast<int>(5e10 / work));
    for (const double start = now(); now() - start < seconds;) {
      for (int way = 0; way < 3; way++) {
        if (!possible[way]) continue;
        for (int repeat = 0; repeat < repeats / 4; repeat++) ways[static_cast<size_t>(way)]();
        const double begin = now();
        for (int repeat = 0; repeat < repeats; repeat++) ways[static_cast<size_t>(way)]();
        rates[way].push_back(work * repeats / (now() - begin) / 1e9);
      }
    }
    std::printf("{\"m\":%d,\"n\":%d,\"k\":%d,\"transposeA\":%s,\"transposeB\":%s,\"f32\":%s,\"bf16\":%s,\"openblas\":%s}\n", m, n,
                k, transposeA ? "true" : "false", transposeB ? "true" : "false", median(rates[0]).c_str(),
                median(rates[1]).c_str(), median(rates[2]).c_str());
    std::fflush(stdout);
  }
}
