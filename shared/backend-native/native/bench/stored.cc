/**
 * @file Times products with stored matrices, taking turns in one run: of one row, beside plain reading of the same memory, and of many rows, beside
 * the product of training.
 *
 * Usage: stored <threads> <seconds> <megabytes> (<out> <in> <n>)…; as many copies of a matrix as fill the megabytes are gone through in turn, which the
 * caches hold, or do not. Prints one JSON object a line for each shape, for n = 1 with GB/s of `read` and of each format, otherwise GFLOP/s of
 * `linear` and of each format: the median, and what one turn of ten surpasses, which says more where others use the cores, too.
 */
#include <algorithm>
#include <sys/mman.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "../kernels.h"
#include "../parallel.h"

namespace {

using namespace arrowsmith;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/** Of one thread, the time that it had a core, which others may use, too. */
double nowOf(int threadCount) {
  if (threadCount > 1) return now();
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/** The value that a share of all are below. */
double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

/** Reads memory on all threads, as fast as it comes. */
float readAll(const float* data, int64_t count) {
  float total = 0;
  parallelRanges(count, 1 << 15, [&](int64_t begin, int64_t end) {
    Vec sums[8] = {};
    for (int64_t i = begin; i + 8 * kLanes <= end; i += 8 * kLanes) {
      for (int j = 0; j < 8; j++) sums[j] += load(data + i + j * kLanes);
    }
    Vec all{};
    for (const Vec& each : sums) all += each;
    if (sum(all) == 1) total = 1;  // never: the sums must be needed for something
  });
  return total;
}

/** Floats where the backend's tensors are: at the beginning of a line, and in huge pages if there are many. */
float* allocate(int64_t count) {
  constexpr size_t kHugePage = size_t{2} << 20;
  const size_t bytes = (static_cast<size_t>(count) * sizeof(float) / kHugePage + 1) * kHugePage;
  void* const memory = std::aligned_alloc(kHugePage, bytes);
#if defined(__linux__)
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return static_cast<float*>(memory);
}

/** Of all formats, in their order. */
const char* const kNames[] = {"f32", "bf16", "int8", "f16", "int8-g32", "int8-g32-asymmetric", "int8-g128", "int8-g128-asymmetric", "int4-g32",
                              "int4-g32-asymmetric", "int4-g128", "int4-g128-asymmetric", "int3-g32", "int3-g32-asymmetric", "int3-g128",
                              "int3-g128-asymmetric", "int2-g32", "int2-g32-asymmetric", "int2-g128", "int2-g128-asymmetric", "Q8_0", "Q5_1",
                              "Q5_0", "Q4_1", "Q4_0", "IQ4_NL", "Q6_K", "Q5_K", "Q4_K", "Q3_K", "Q2_K"};
static_assert(sizeof kNames / sizeof *kNames == kFormats, "a name for each format");

struct Way {
  std::string name;
  /** Bytes that a call reads, of which there are `copies`. */
  int64_t bytes, copies;
  std::function<void(int64_t copy)> call;
  std::vector<double> seconds;
};

}  // namespace

int main(int count, char** arguments) {
  if (count < 7 || (count - 4) % 3 != 0) {
    std::fprintf(stderr, "usage: stored <threads> <seconds> <megabytes> (<out> <in> <n>)...\n");
    return 2;
  }
  setThreads(std::atoi(arguments[1]));
  const double seconds = std::atof(arguments[2]);
  const int64_t megabytes = std::atoi(arguments[3]);
  for (int i = 4; i < count; i += 3) {
    const int64_t out = std::atoi(arguments[i]), in = std::atoi(arguments[i + 1]), n = std::atoi(arguments[i + 2]);
    const int64_t words = storedWords(Format::f32, out, out * in);
    const int64_t copies = std::max<int64_t>(1, (megabytes << 20) / (4 * words));
    float* const memory = allocate(copies * words);
    uint32_t state = 1;
    for (int64_t j = 0; j < copies * words; j++) {
      state = state * 1664525 + 1013904223;
      memory[j] = static_cast<float>(state >> 8) / (1 << 24) - 0.5f;
    }
    float *const x = allocate(n * in), *const y = allocate(n * out);
    std::fill(x, x + n * in, 0.5f);
    std::vector<Way> ways;
    if (n == 1) ways.push_back({"read", 4 * words, copies, [=](int64_t copy) { readAll(memory + copy * words, words); }, {}});
    else ways.push_back({"linear", 4 * words, copies, [&, n](int64_t copy) {
           linear(Precision::f32, n, in, out, x, memory + copy * words, nullptr, y);
         }, {}});
    for (int format = 0; format < kFormats; format++) {
      if (!takesRows(static_cast<Format>(format), in)) continue;
      const int64_t own = storedWords(static_cast<Format>(format), out, out * in);
      ways.push_back({kNames[format], 4 * own, copies * words / own, [&, format, own, n](int64_t copy) {
        const int32_t* const matrix = reinterpret_cast<const int32_t*>(memory) + copy * own;
        StoredProduct product{{static_cast<Format>(format), out, in, matrix}, n, x, nullptr, y};
        multiplyStored(&product, 1);
      }, {}});
    }
    // Whoever's turn it is goes on from where the last one ended, so that nobody finds in the caches what another has read.
    int64_t at = 0;
    for (const double start = now(); now() - start < seconds;) {
      for (Way& way : ways) {
        const int64_t calls = std::max<int64_t>(1, 8000000 / (way.bytes * (n == 1 ? 1 : n / 8)));
        way.call(at / way.bytes % way.copies);
        at += way.bytes;
        const double begin = nowOf(threads());
        for (int64_t j = 0; j < calls; j++, at += way.bytes) way.call(at / way.bytes % way.copies);
        way.seconds.push_back((nowOf(threads()) - begin) / static_cast<double>(calls));
      }
    }
    std::printf("{\"out\":%ld,\"in\":%ld,\"n\":%ld,\"copies\":%ld", static_cast<long>(out), static_cast<long>(in), static_cast<long>(n), static_cast<long>(copies));
    for (const Way& way : ways) {
      const double work = n == 1 ? static_cast<double>(way.bytes) : 2.0 * static_cast<double>(n * out * in);
      const auto rate = [&](double share) { return work / quantile(way.seconds, share) / 1e9; };
      std::printf(",\"%s\":{\"median\":%.1f,\"best\":%.1f}", way.name.c_str(), rate(0.5), rate(0.1));
    }
    std::printf("}\n");
    std::fflush(stdout);
    for (float* each : {memory, x, y}) std::free(each);
  }
}
