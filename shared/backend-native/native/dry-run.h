/**
 * @file Dry runs: how much memory kernels need for themselves, told by the kernels, which do everything but their pieces of work.
 *
 * Whatever a kernel asks of scratch.h before its pieces begin is counted as it is. What the pieces ask for, each on the thread that it runs
 * on, the kernel says beforehand by {@link needOnEachThread}.
 */
#pragma once
#include <cstddef>
#include <cstdint>

#include "scratch.h"

namespace arrowsmith {

/** From now on this thread's kernels compute nothing: {@link runPieces} returns at once, and needs are added up from zero. */
void beginDryRun();

/** Bytes that the kernels since {@link beginDryRun} need, on all threads together. Kernels compute again. */
int64_t endDryRun();

bool isDryRun();

/** Whether what this thread asks for, each thread will ask for. */
void countOnEachThread(bool does);

/** Says that a kernel's pieces ask for `bytes` of that buffer at most, on each thread that works on them. */
void needOnEachThread(Scratch name, size_t bytes);

/** Says the same of this thread only. */
void needHere(Scratch name, size_t bytes);

/** Runs `piece`, which is made of kernels itself, in a dry run: what it needs, each thread needs. Does nothing otherwise. */
template <class Piece>
void needOfPieces(Piece&& piece) {
  if (!isDryRun()) return;
  countOnEachThread(true);
  piece();
  countOnEachThread(false);
}

}  // namespace arrowsmith
