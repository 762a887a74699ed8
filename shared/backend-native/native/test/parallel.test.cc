/** @file Tests of the pool of threads. */
#include "../parallel.h"

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

/** How often each index of [0, count) was worked on. */
std::vector<int> visits(int64_t count) {
  std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
  parallelFor(count, [&](int64_t index) { seen[static_cast<size_t>(index)]++; });
  return {seen.begin(), seen.end()};
}

/** Runs a test's body for pools of several sizes, and leaves the pool as it was. */
template <class Body>
void forPoolSizes(Body&& body) {
  const int before = threads();
  for (const int count : {1, 2, 5}) {
    setThreads(count);
    body();
  }
  setThreads(before);
}

}  // namespace

TEST("the number of threads is what was set, and at least 1") {
  const int before = threads();
  for (const int count : {1, 3, 2, 1, 4}) {
    setThreads(count);
    CHECK(threads() == count);
  }
  setThreads(0);
  CHECK(threads() == 1);
  setThreads(before);
}

TEST("each index is worked on once, before the call returns") {
  forPoolSizes([] {
    for (const int64_t count : {0, 1, 2, 3, 17, 1000}) {
      CHECK(visits(count) == std::vector<int>(static_cast<size_t>(count), 1));
    }
  });
}

TEST("what a piece throws reaches the caller, whichever thread it was on, and the pool goes on") {
  forPoolSizes([] {
    for (const int64_t bad : {0, 1, 57, 99}) {
      bool caught = false;
      try {
        parallelFor(100, [&](int64_t index) {
          if (index == bad) throw std::bad_alloc();
        });
      } catch (const std::bad_alloc&) {
        caught = true;
      }
      CHECK(caught);
      CHECK(visits(100) == std::vector<int>(100, 1));
    }
  });
}

TEST("nobody waits for a piece that has thrown") {
  forPoolSizes([] {
    std::atomic<bool> done{false};
    std::string message;
    try {
      parallelFor(10, [&](int64_t index) {
        if (index == 0) throw std::runtime_error("the first piece fails");
        waitUntil([&] { return done.load(); });
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "the first piece fails");
  });
}

TEST("many short calls in a row lose no piece and work on none twice") {
  forPoolSizes([] {
    for (int i = 0; i < 2000; i++) {
      std::atomic<int64_t> total{0};
      parallelFor(i % 7, [&](int64_t index) { total += index + 1; });
      const int64_t count = i % 7;
      CHECK(total == count * (count + 1) / 2);
    }
  });
}

TEST("ranges cover the whole without overlap; only the last may be smaller") {
  forPoolSizes([] {
    for (const int64_t total : {0, 1, 9, 10, 11, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<size_t>(total));
      parallelRanges(total, 10, [&](int64_t begin, int64_t end) {
        CHECK(begin % 10 == 0 && begin < end && (end - begin == 10 || end == total));
        for (int64_t i = begin; i < end; i++) seen[static_cast<size_t>(i)]++;
      });
      CHECK(std::vector<int>(seen.begin(), seen.end()) == std::vector<int>(static_cast<size_t>(total), 1));
    }
  });
  CHECK(pieces(0, 10) == 0 && pieces(1, 10) == 1 && pieces(10, 10) == 1 && pieces(11, 10) == 2);
}

TEST("pieces see what was written before the call, and the caller sees what they wrote") {
  forPoolSizes([] {
    std::vector<int64_t> values(1000);
    for (int64_t round = 1; round <= 20; round++) {
      std::iota(values.begin(), values.end(), round);
      parallelFor(1000, [&](int64_t index) { values[static_cast<size_t>(index)] *= 2; });
      CHECK(std::accumulate(values.begin(), values.end(), int64_t{0}) == 2 * (1000 * round + 999 * 500));
    }
  });
}

TEST("inside a piece the pool may be used again") {
  forPoolSizes([] {
    std::atomic<int64_t> total{0};
    parallelFor(20, [&](int64_t outer) {
      parallelFor(30, [&](int64_t inner) { total += outer * 30 + inner; });
    });
    CHECK(total == 600 * 599 / 2);
  });
}

TEST("two threads may use the pool at once") {
  forPoolSizes([] {
    const auto use = [](std::atomic<bool>* right) {
      for (int i = 0; i < 200; i++) {
        if (visits(50) != std::vector<int>(50, 1)) *right = false;
      }
    };
    std::atomic<bool> first{true}, second{true};
    std::thread other(use, &second);
    use(&first);
    other.join();
    CHECK(first && second);
  });
}

TEST("the pool can be resized while another thread uses it") {
  const int before = threads();
  std::atomic<bool> right{true}, done{false};
  std::thread other([&] {
    while (!done) {
      if (visits(50) != std::vector<int>(50, 1)) right = false;
    }
  });
  for (int i = 0; i < 50; i++) setThreads(1 + i % 4);
  done = true;
  other.join();
  CHECK(right);
  setThreads(before);
}
