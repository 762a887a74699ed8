#include "parallel.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "dry-run.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace arrowsmith {
namespace {

/** Looks at an atomic before a thread goes to sleep: about 100 µs, longer than the gap between two kernels of a step. */
constexpr int kSpins = 6000;

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

class Pool {
 public:
  Pool() { resize(static_cast<int>(std::thread::hardware_concurrency())); }

  void resize(int count) {
    std::lock_guard<std::mutex> owner(ownership_);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
    stopping_ = false;
    const uint32_t generation = generation_.load(std::memory_order_relaxed);
    for (int i = 1; i < count; i++) workers_.emplace_back([this, generation] { work(generation); });
    size_.store(count < 1 ? 1 : count, std::memory_order_relaxed);
  }

  int size() const { return size_.load(std::memory_order_relaxed); }

  void run(int64_t count, void (*piece)(void*, int64_t), void* context) {
    if (inside || count <= 1 || size() == 1 || !ownership_.try_lock()) {
      for (int64_t i = 0; i < count; i++) piece(context, i);
      return;
    }
    std::lock_guard<std::mutex> owner(ownership_, std::adopt_lock);
    piece_ = piece;
    context_ = context;
    count_ = count;
    next_.store(0, std::memory_order_relaxed);
    joined_.store(0, std::memory_order_release);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    takePieces();
    // A worker that has not come by now stays out: it may be asleep, or another program has its core, for longer than all the work takes.
    joined_.fetch_or(kClosed, std::memory_order_acq_rel);
    for (int spins = 0; joined_.load(std::memory_order_acquire) != kClosed; spins++) {
      if (spins < kSpins) {
        relax();
      } else {
        std::this_thread::yield();  // a worker may be waiting for this very core
      }
    }
    if (failed_.exchange(false)) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  void throwIfFailed() const {
    if (failed_.load(std::memory_order_acquire)) throw std::runtime_error("another piece of the work has failed");
  }

 private:
  void takePieces() {
    inside = true;
    try {
      while (!failed_.load(std::memory_order_relaxed)) {
        const int64_t index = next_.fetch_add(1, std::memory_order_relaxed);
        if (index >= count_) break;
        piece_(context_, index);
      }
    } catch (...) {
      std::lock_guard<std::mutex> lock(mutex_);
      if (error_ == nullptr) error_ = std::current_exception();  // the first; others may follow from it
      failed_.store(true, std::memory_order_release);
    }
    inside = false;
  }

  /** Whether there is work; the caller then waits for this thread. What the run's fields say is visible from here on. */
  bool join() {
    uint32_t joined = joined_.load(std::memory_order_relaxed);
    while ((joined & kClosed) == 0) {
      if (joined_.compare_exchange_weak(joined, joined + 1, std::memory_order_acq_rel, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  void work(uint32_t seen) {
    for (;;) {
      for (int spins = 0; spins < kSpins && generation_.load(std::memory_order_acquire) == seen; spins++) relax();
      if (generation_.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load(std::memory_order_acquire) != seen; });
      }
      seen = generation_.load(std::memory_order_acquire);
      if (stopping_) return;
      if (!join()) continue;
      takePieces();
      joined_.fetch_sub(1, std::memory_order_release);
    }
  }

  static constexpr uint32_t kClosed = 1u << 31;

  /** Whether this thread is inside a piece. */
  static thread_local bool inside;

  std::mutex ownership_;  // held by the thread whose pieces are being worked on
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
  std::atomic<uint32_t> generation_{0};
  /** Workers that have joined the run and are not done, and whether it takes no more. */
  std::atomic<uint32_t> joined_{kClosed};
  std::atomic<int64_t> next_{0};
  std::atomic<int> size_{1};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;
  void (*piece_)(void*, int64_t) = nullptr;
  void* context_ = nullptr;
  int64_t count_ = 0;
};

thread_local bool Pool::inside = false;

/** Never destroyed: at exit, threads may still be asleep in it, and destroying a running std::thread aborts the process. */
Pool& pool() {
  static Pool& instance = *new Pool;
  return instance;
}

}  // namespace

void setThreads(int count) { pool().resize(count); }

int threads() { return pool().size(); }

void throwIfFailed() { pool().throwIfFailed(); }

void runPieces(int64_t count, void (*piece)(void*, int64_t), void* context) {
  if (!isDryRun()) pool().run(count, piece, context);
}

}  // namespace arrowsmith
