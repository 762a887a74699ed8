/** @file The kernels, memory for their tensors, and the queue in which they wait, as functions of a Node addon. */
#include <dlfcn.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "addon-binding.h"
#include "addon-kernels.h"
#include "addon-memory.h"
#include "dry-run.h"
#include "gemm.h"
#include "kernels.h"
#include "parallel.h"
#include "scratch.h"

namespace arrowsmith {
namespace {

/** `openQueue(recording)`: from now on kernels wait; whether they will be recorded. */
napi_value openQueue(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Call<1> call(env, info);
    bool recording = false;
    napi_get_value_bool(env, call.arguments[0], &recording);
    KernelQueue::of(env).open(recording);
    return nullptr;
  });
}

/** `queueLength()`: how many kernels wait. */
napi_value queueLength(napi_env env, napi_callback_info) {
  return toJavaScript(env, static_cast<int64_t>(KernelQueue::of(env).length()));
}

/** `runQueue()`: runs the kernels that wait, and returns the seconds that each took. */
napi_value runQueue(napi_env env, napi_callback_info) {
  return guarded(env, [&] { return toJavaScript(env, KernelQueue::of(env).run(env)); });
}

/** `recordQueue()`: the kernels that wait, which wait no longer, for `runRecording`. */
napi_value recordQueue(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    auto recording = std::make_unique<Recording>(KernelQueue::of(env).record());
    const auto finalize = [](napi_env environment, void* data, void*) {
      auto* recorded = static_cast<Recording*>(data);
      recorded->clear(environment);
      delete recorded;
    };
    napi_value result;
    if (napi_create_external(env, recording.get(), finalize, nullptr, &result) != napi_ok) throw std::bad_alloc();
    recording.release();
    return result;
  });
}

/** `runRecording(recording)`: runs its kernels, in order. */
napi_value runRecording(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    const Call<1> call(env, info);
    void* recording = nullptr;
    if (napi_get_value_external(env, call.arguments[0], &recording) != napi_ok) {
      throw std::invalid_argument("argument 1 must be a recording");
    }
    static_cast<const Recording*>(recording)->run();
    return nullptr;
  });
}

/** `closeQueue()`: forgets the kernels that wait; from now on they run at once. */
napi_value closeQueue(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    KernelQueue::of(env).close(env);
    return nullptr;
  });
}

/** `setThreads(count)`. */
napi_value setThreadsOfPool(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    setThreads(static_cast<int>(readSize(env, Call<1>(env, info), 65535)));
    return nullptr;
  });
}

/** `declarations()`: of each kernel the signature's text, and what it is as a method of a TypeScript interface. */
std::vector<std::vector<std::string>> declarations() {
  std::vector<std::vector<std::string>> all;
  for (const Kernel& kernel : kernels()) all.push_back({kernel.signature.text(), kernel.signature.declaration()});
  return all;
}

/**
 * Keeps this library loaded for good. Node unloads an addon with the last worker thread that used it, while the pool's threads still
 * sleep in its code.
 */
void stayLoaded() {
  static const int here = 0;
  Dl_info library;
  if (dladdr(&here, &library) != 0) dlopen(library.dli_fname, RTLD_LAZY | RTLD_NODELETE);
}

}  // namespace
}  // namespace arrowsmith

NAPI_MODULE_INIT() {
  using namespace arrowsmith;
  stayLoaded();
  return guarded(env, [&]() -> napi_value {
    const auto define = [&](const char* name, napi_callback callback, const void* data) {
      napi_value function;
      const bool isDefined =
          napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<void*>(data), &function) == napi_ok &&
          napi_set_named_property(env, exports, name, function) == napi_ok;
      if (!isDefined) throw std::runtime_error("this JavaScript engine takes no functions of an addon");
    };
    const std::pair<const char*, napi_callback> functions[] = {
        {"allocate", allocate},
        {"release", release},
        {"openQueue", openQueue},
        {"queueLength", queueLength},
        {"runQueue", runQueue},
        {"closeQueue", closeQueue},
        {"recordQueue", recordQueue},
        {"runRecording", runRecording},
        {"setThreads", setThreadsOfPool},
        {"threads", Binding<&threads>::call},
        {"scratchTotal", Binding<&scratchTotal>::call},
        {"beginDryRun", Binding<&beginDryRun>::call},
        {"endDryRun", Binding<&endDryRun>::call},
        {"hasBf16", Binding<&hasBf16>::call},
        {"declarations", Binding<&declarations>::call},
    };
    for (const auto& [name, callback] : functions) define(name, callback, nullptr);
    for (const Kernel& kernel : kernels()) define(kernel.signature.name(), kernel.callback, &kernel);
    return exports;
  });
}
