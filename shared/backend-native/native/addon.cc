/** @file The kernels, memory for their tensors, and the queue in which they wait, as functions of a Node addon. */
#include <dlfcn.h>

#include <utility>

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

/** `openQueue()`: from now on kernels wait. */
napi_value openQueue(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    KernelQueue::of(env).open();
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

/** `closeQueue()`: forgets the kernels that wait; from now on they run at once. */
napi_value closeQueue(napi_env env, napi_callback_info) {
  return guarded(env, [&]() -> napi_value {
    KernelQueue::of(env).close(env);
    return nullptr;
  });
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
  const std::pair<const char*, napi_callback> functions[] = {
      {"allocate", allocate},
      {"release", release},
      {"openQueue", openQueue},
      {"queueLength", queueLength},
      {"runQueue", runQueue},
      {"closeQueue", closeQueue},
      {"setThreads", Binding<&setThreads>::call},
      {"threads", Binding<&threads>::call},
      {"scratchTotal", Binding<&scratchTotal>::call},
      {"beginDryRun", Binding<&beginDryRun>::call},
      {"endDryRun", Binding<&endDryRun>::call},
      {"hasBf16", Binding<&hasBf16>::call},
      {"gemm", KernelBinding<&gemmOfMatrices>::call},
      {"gemmBatched", KernelBinding<&gemmBatched>::call},
      {"linear", KernelBinding<&linearOntoResidual>::call},
      {"linearGradients", KernelBinding<&linearGradientsOfArrays>::call},
      {"groupedLinear", KernelBinding<&groupedLinearOfArrays>::call},
      {"groupedLinearGradients", KernelBinding<&groupedLinearGradientsOfArrays>::call},
      {"topK", KernelBinding<&topK>::call},
      {"topKGradient", KernelBinding<&topKGradient>::call},
      {"dispatch", KernelBinding<&dispatchOptionallyWeighted>::call},
      {"combine", KernelBinding<&combineOptionallyWeighted>::call},
      {"slotProducts", KernelBinding<&slotProducts>::call},
      {"attention", KernelBinding<&attentionOfShape>::call},
      {"attentionGradient", KernelBinding<&attentionGradientOfShape>::call},
      {"rmsNorm", KernelBinding<&rmsNorm>::call},
      {"rmsNormGradient", KernelBinding<&rmsNormGradientWithResidual>::call},
      {"layerNorm", KernelBinding<&layerNorm>::call},
      {"layerNormGradient", KernelBinding<&layerNormGradient>::call},
      {"rope", KernelBinding<&ropeOfTables>::call},
      {"gatedActivation", KernelBinding<&gatedActivation>::call},
      {"gatedActivationGradient", KernelBinding<&gatedActivationGradient>::call},
      {"gatedFeedForward", KernelBinding<&gatedFeedForwardOfArrays>::call},
      {"gatedFeedForwardGradient", KernelBinding<&gatedFeedForwardGradientOfArrays>::call},
      {"gaussianTopK", KernelBinding<&gaussianTopK>::call},
      {"gaussianTopKGradient", KernelBinding<&gaussianTopKGradient>::call},
      {"softmax", KernelBinding<&softmax>::call},
      {"softmaxGradient", KernelBinding<&softmaxGradient>::call},
      {"scalePositions", KernelBinding<&scalePositions>::call},
      {"logSumExp", KernelBinding<&logSumExp>::call},
      {"logSumExpGradient", KernelBinding<&logSumExpGradient>::call},
      {"shares", KernelBinding<&shares>::call},
      {"sharesGradient", KernelBinding<&sharesGradient>::call},
      {"addToColumns", KernelBinding<&addToColumns>::call},
      {"columnSums", KernelBinding<&columnSums>::call},
      {"columnMeans", KernelBinding<&columnMeans>::call},
      {"columnMeansGradient", KernelBinding<&columnMeansGradient>::call},
      {"scaleColumns", KernelBinding<&scaleColumns>::call},
      {"columnProducts", KernelBinding<&columnProducts>::call},
      {"altUpPredict", KernelBinding<&altUpPredictOfArrays>::call},
      {"altUpPredictGradient", KernelBinding<&altUpPredictGradientOfArrays>::call},
      {"altUpCorrect", KernelBinding<&altUpCorrectOfArrays>::call},
      {"altUpCorrectGradient", KernelBinding<&altUpCorrectGradientOfArrays>::call},
      {"matchMagnitudes", KernelBinding<&matchMagnitudesOfArrays>::call},
      {"matchMagnitudesGradient", KernelBinding<&matchMagnitudesGradientOfArrays>::call},
      {"sumLayerSlices", KernelBinding<&sumLayerSlicesOfArrays>::call},
      {"sumLayerSlicesGradient", KernelBinding<&sumLayerSlicesGradientOfArrays>::call},
      {"embedding", KernelBinding<&embedding>::call},
      {"embeddingGradient", KernelBinding<&embeddingGradient>::call},
      {"tokenLosses", KernelBinding<&tokenLossesWithOptions>::call},
      {"linearCrossEntropy", KernelBinding<&linearCrossEntropyWithOptions>::call},
      {"adamW", KernelBinding<&adamWOfArrays>::call},
      {"add", KernelBinding<&add>::call},
      {"scale", KernelBinding<&scale>::call},
      {"fill", KernelBinding<&fill>::call},
      {"scaledSum", KernelBinding<&scaledSumOfArrays>::call},
      {"globalNorm", KernelBinding<&globalNormOfArrays>::call},
  };
  for (const auto& [name, callback] : functions) {
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, const_cast<char*>(name), &function) != napi_ok) return nullptr;
    if (napi_set_named_property(env, exports, name, function) != napi_ok) return nullptr;
  }
  return exports;
}
