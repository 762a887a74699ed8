/**
 * @file Buffers for what a kernel needs while it runs. A thread keeps them from call to call, because fresh memory is slow: the
 * system clears every page first.
 */
#pragma once
#include <cstddef>
#include <cstdint>

namespace arrowsmith {

/** What a buffer is for. Kernels that call each other must not share one. */
enum class Scratch { packedA, packedB, sharedB, secondSharedB, thirdSharedB, layers, grouped, features, logits, scaledRows, partials, attentionScores, attentionGradients, attentionPacked, attentionRows, attentionQueries, attentionSeen, storedRows, quantizedRows, frozenMatrix, pagedScores, muon, count };

/** This thread's buffer of that name, of at least `bytes`, at a multiple of 64; its content is undefined. Valid until asked for again. */
void* scratchBytes(Scratch name, size_t bytes);

inline float* scratchFloats(Scratch name, int64_t count) {
  return static_cast<float*>(scratchBytes(name, static_cast<size_t>(count) * sizeof(float)));
}

/** Frees what this thread was given in a dry run. */
void freeScratchOfDryRun();

/** Bytes in the buffers of all threads. */
int64_t scratchTotal();

}  // namespace arrowsmith
