/** @file Kernels that wait, and are run one after the other by one call; src/kernel-queue.ts says what for. */
#pragma once
#define NAPI_VERSION 8
#include <node_api.h>

#include <chrono>
#include <functional>
#include <new>
#include <utility>
#include <vector>

namespace arrowsmith {

/** A kernel with its arguments, which the reference keeps from the garbage collector. */
struct Waiting {
  std::function<void()> kernel;
  /** Throws for arrays whose content the kernel does not take; it may have changed since the call. */
  std::function<void()> check;
  napi_ref arguments;
};

inline void forget(napi_env env, std::vector<Waiting>& kernels) {
  for (const Waiting& each : kernels) napi_delete_reference(env, each.arguments);
  kernels.clear();
}

/** Kernels that are run again and again, on what their arguments' memory holds each time; src/recording.ts says what for. */
class Recording {
 public:
  explicit Recording(std::vector<Waiting> kernels) : kernels_(std::move(kernels)) {}

  /** Runs all, each after its check. */
  void run() const {
    for (const Waiting& each : kernels_) {
      each.check();
      each.kernel();
    }
  }

  void clear(napi_env env) { forget(env, kernels_); }

 private:
  std::vector<Waiting> kernels_;
};

/** The queue of one JavaScript thread; kernels wait in it while it is open. */
class KernelQueue {
 public:
  static KernelQueue& of(napi_env env) {
    void* data = nullptr;
    napi_get_instance_data(env, &data);
    if (data == nullptr) {
      data = new KernelQueue;
      napi_set_instance_data(env, data, [](napi_env, void* queue, void*) { delete static_cast<KernelQueue*>(queue); }, nullptr);
    }
    return *static_cast<KernelQueue*>(data);
  }

  bool isOpen() const { return isOpen_; }
  size_t length() const { return waiting_.size(); }
  bool isRecording() const { return isRecording_; }

  /** @param recording whether what waits will be run again and again */
  void open(bool recording) {
    isOpen_ = true;
    isRecording_ = recording;
  }


  /** Closes the queue and forgets what waits. */
  void close(napi_env env) {
    isOpen_ = false;
    clear(env);
  }

  /** What waits, which waits no longer then. */
  Recording record() { return Recording(std::exchange(waiting_, {})); }

  /** Adds a kernel, whose arguments are kept from the garbage collector. */
  void add(napi_env env, std::function<void()> kernel, std::function<void()> check, const napi_value* arguments, size_t count) {
    napi_value list;
    napi_ref kept;
    if (napi_create_array_with_length(env, count, &list) != napi_ok) throw std::bad_alloc();
    for (size_t i = 0; i < count; i++) napi_set_element(env, list, static_cast<uint32_t>(i), arguments[i]);
    if (napi_create_reference(env, list, 1, &kept) != napi_ok) throw std::bad_alloc();
    waiting_.push_back({std::move(kernel), std::move(check), kept});
  }

  /**
   * Runs what waits; the queue is empty afterwards, also after an exception.
   * @return the seconds that each kernel took
   */
  std::vector<double> run(napi_env env) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> seconds;
    seconds.reserve(waiting_.size());
    try {
      auto before = Clock::now();
      for (const Waiting& each : waiting_) {
        each.kernel();
        const auto after = Clock::now();
        seconds.push_back(std::chrono::duration<double>(after - before).count());
        before = after;
      }
    } catch (...) {
      clear(env);
      throw;
    }
    clear(env);
    return seconds;
  }

 private:
  void clear(napi_env env) { forget(env, waiting_); }

  bool isOpen_ = false, isRecording_ = false;
  std::vector<Waiting> waiting_;
};

}  // namespace arrowsmith
