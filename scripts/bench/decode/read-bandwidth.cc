// Reads an array again and again on several threads, and prints the best rate in bytes a second: the most that a program can be given which has to
// read all of a model's weights for each token. Arguments: bytes, threads, seconds.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

typedef int64_t Vector __attribute__((vector_size(64), aligned(64)));

int64_t sumOf(const Vector* begin, const Vector* end) {
  Vector sums[8] = {};
  for (; begin + 8 <= end; begin += 8)
    for (int i = 0; i < 8; i++) sums[i] += begin[i];
  for (int i = 1; i < 8; i++) sums[0] += sums[i];
  return sums[0][0] + sums[0][7];
}

int main(int, char** arguments) {
  const int64_t vectors = atoll(arguments[1]) / int64_t(sizeof(Vector));
  const int threads = atoi(arguments[2]);
  const double seconds = atof(arguments[3]);
  auto* data = static_cast<Vector*>(aligned_alloc(64, vectors * sizeof(Vector)));
  for (int64_t i = 0; i < vectors; i++) data[i] = Vector{i, i, i, i, i, i, i, i};
  std::vector<double> rates(threads);
  std::vector<int64_t> sums(threads);
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; t++) {
    workers.emplace_back([&, t] {
      const Vector* begin = data + vectors * t / threads;
      const Vector* end = data + vectors * (t + 1) / threads;
      const auto started = std::chrono::steady_clock::now();
      double elapsed = 0;
      int64_t passes = 0;
      for (; elapsed < seconds; passes++) {
        sums[t] += sumOf(begin, end);
        elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
      }
      rates[t] = double(passes) * double(end - begin) * sizeof(Vector) / elapsed;
    });
  }
  double rate = 0;
  int64_t check = 0;
  for (int t = 0; t < threads; t++) {
    workers[t].join();
    rate += rates[t];
    check += sums[t];
  }
  printf("%.0f %lld\n", rate, static_cast<long long>(check & 1));
}
