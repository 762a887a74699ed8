/** @file C++ functions as functions of a Node addon. What a kernel is called with is checked before it runs, or waits. */
#pragma once
#define NAPI_VERSION 8
#include <node_api.h>

#include <array>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "addon-queue.h"
#include "addon-values.h"
#include "kernel-signature.h"

namespace arrowsmith {

// ---- From C++'s values and exceptions to JavaScript's

inline napi_value toJavaScript(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

inline napi_value toJavaScript(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

inline napi_value toJavaScript(napi_env env, int64_t value) { return toJavaScript(env, static_cast<double>(value)); }
inline napi_value toJavaScript(napi_env env, int value) { return toJavaScript(env, static_cast<double>(value)); }

inline napi_value toJavaScript(napi_env env, const std::string& value) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, value.data(), value.size(), &result);
  return result;
}

template <class Value>
napi_value toJavaScript(napi_env env, const std::vector<Value>& values) {
  napi_value result = nullptr;
  napi_create_array_with_length(env, values.size(), &result);
  for (size_t i = 0; i < values.size(); i++) napi_set_element(env, result, static_cast<uint32_t>(i), toJavaScript(env, values[i]));
  return result;
}

/** Runs `body`; what it throws becomes a JavaScript exception. No C++ exception may reach Node. */
template <class Body>
napi_value guarded(napi_env env, Body&& body) {
  try {
    return body();
  } catch (const std::invalid_argument& error) {
    napi_throw_type_error(env, nullptr, error.what());
  } catch (const std::out_of_range& error) {
    napi_throw_range_error(env, nullptr, error.what());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ENOMEM", "out of memory");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

/** A call of a function: its first `count` arguments, where one is missing undefined, and what goes with the function. */
template <size_t count>
class Call {
 public:
  napi_value arguments[count + 1];
  void* data = nullptr;

  Call(napi_env env, napi_callback_info info) { napi_get_cb_info(env, info, &given_, arguments, nullptr, &data); }

  /** @throws std::invalid_argument for more or fewer arguments */
  void expectAll(const char* name) const {
    if (given_ == count) return;
    throw std::invalid_argument(std::string(name) + ": " + std::to_string(count) + " arguments are needed, not " +
                                std::to_string(given_));
  }

 private:
  size_t given_ = count;
};

/** The only argument of a function that is no kernel: a whole number from 0 to `most`. */
inline int64_t readSize(napi_env env, const Call<1>& call, int64_t most) {
  Given given;
  int64_t size = 0;
  if (Argument<int64_t>::read(env, call.arguments[0], size, given) && size >= 0 && size <= most) return size;
  throw std::invalid_argument("argument 1 must be a whole number from 0 to " + std::to_string(most) + ", not " +
                              describe(env, call.arguments[0]));
}

/** `Binding<&f>::call` is f, which takes nothing, for JavaScript. */
template <auto function>
struct Binding {
  static napi_value call(napi_env env, napi_callback_info) {
    return guarded(env, [&]() -> napi_value {
      if constexpr (std::is_void_v<decltype(function())>) {
        function();
        return nullptr;
      } else {
        return toJavaScript(env, function());
      }
    });
  }
};

/** A kernel for JavaScript. */
struct Kernel {
  Signature signature;
  /** The function, of which {@link callKernel} of its parameters knows the type. */
  void (*function)();
  napi_callback callback;
  /** Of the function's parameters: throws for what the signature cannot say; null for nothing more. */
  void (*check)() = nullptr;
};

/** Arguments that a kernel's signature lets pass. */
template <class... Parameters, size_t... i>
std::tuple<Stored<Parameters>...> readArguments(napi_env env, const napi_value* values, const Signature& signature,
                                                std::array<Given, sizeof...(Parameters)>& given, std::index_sequence<i...>) {
  std::tuple<Stored<Parameters>...> arguments;
  const auto read = [&](size_t index, auto& argument) {
    using Type = std::remove_reference_t<decltype(argument)>;
    if (!Argument<Type>::read(env, values[index], argument, given[index])) signature.refuse(index, describe(env, values[index]));
  };
  (read(i, std::get<i>(arguments)), ...);
  signature.check(given.data());
  return arguments;
}

/** Calls the kernel that goes with the function; while the queue is open, it waits there. */
template <class... Parameters>
napi_value callKernel(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> napi_value {
    constexpr size_t count = sizeof...(Parameters);
    const Call<count> call(env, info);
    const Kernel& kernel = *static_cast<const Kernel*>(call.data);
    call.expectAll(kernel.signature.name());
    const auto function = reinterpret_cast<void (*)(Parameters...)>(kernel.function);
    std::array<Given, count> given;
    auto arguments = readArguments<Parameters...>(env, call.arguments, kernel.signature, given, std::index_sequence_for<Parameters...>{});
    const auto checkContent = reinterpret_cast<void (*)(Parameters...)>(kernel.check);
    if (checkContent != nullptr) std::apply(checkContent, arguments);
    if (KernelQueue& queue = KernelQueue::of(env); queue.isOpen()) {
      std::function<void()> check = [] {};
      if (queue.isRecording() && (checkContent != nullptr || kernel.signature.looksIntoArrays())) {
        check = [&kernel, checkContent, arguments, given = std::move(given)] {
          kernel.signature.check(given.data());
          if (checkContent != nullptr) std::apply(checkContent, arguments);
        };
      }
      const auto run = [function, arguments = std::move(arguments)] { std::apply(function, arguments); };
      queue.add(env, run, std::move(check), call.arguments, count);
    } else {
      std::apply(function, arguments);
    }
    return nullptr;
  });
}

/**
 * @param signature what kernel-signature.h says: the names of the function's parameters, lengths and conditions
 * @param check throws std::out_of_range for arguments that the signature lets pass and the function does not take; null for none
 */
template <class... Parameters>
Kernel kernel(const char* name, const std::string& signature, void (*function)(Parameters...), void (*check)(Parameters...) = nullptr) {
  return {Signature(name, signature, {Argument<Stored<Parameters>>::kKind...}), reinterpret_cast<void (*)()>(function),
          callKernel<Parameters...>, reinterpret_cast<void (*)()>(check)};
}

}  // namespace arrowsmith
