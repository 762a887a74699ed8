/**
 * @file A pool of threads that work through numbered pieces of work. Whoever is free takes the next piece, so that a core that is
 * busy with something else costs its share and no more.
 *
 * Results must not depend on the number of threads or on who does what: pieces are cut by sizes that only the problem decides,
 * each output belongs to one piece, and partial sums are kept per piece and added in the pieces' order.
 */
#pragma once
#include <cstdint>
#include <thread>
#include <type_traits>

namespace arrowsmith {

/** Sets how many threads work, the calling one included; at least 1. Stops the pool's surplus threads. */
void setThreads(int count);

/** How many threads work together. */
int threads();

/**
 * Calls `piece(context, index)` once for each index in [0, count), on any thread, in any order; returns when all are done. Inside a
 * piece, or while another thread of the process uses the pool, it works through the pieces alone. In a dry run (dry-run.h) it does nothing.
 *
 * What a piece throws on any thread, such as std::bad_alloc, is thrown again here; pieces that had not begun are left out.
 */
void runPieces(int64_t count, void (*piece)(void* context, int64_t index), void* context);

/** {@link runPieces} for a lambda `void(int64_t index)`. */
template <class Piece>
void parallelFor(int64_t count, Piece&& piece) {
  auto call = [](void* context, int64_t index) { (*static_cast<std::remove_reference_t<Piece>*>(context))(index); };
  runPieces(count, call, const_cast<void*>(static_cast<const void*>(&piece)));
}

/** Throws if a piece of the pool's work has thrown: what it would have done, nobody must wait for any longer. */
void throwIfFailed();

/** For a piece that needs what earlier pieces do: waits until `done()`. */
template <class Done>
void waitUntil(Done&& done) {
  while (!done()) {
    throwIfFailed();
    std::this_thread::yield();
  }
}

/** The number of pieces of `size` that `total` has; the last may be smaller. */
constexpr int64_t pieces(int64_t total, int64_t size) { return (total + size - 1) / size; }

/** Calls `body(begin, end)` for pieces of at most `size` of the range [0, total). */
template <class Body>
void parallelRanges(int64_t total, int64_t size, Body&& body) {
  parallelFor(pieces(total, size), [&](int64_t index) {
    const int64_t begin = index * size;
    body(begin, begin + size < total ? begin + size : total);
  });
}

}  // namespace arrowsmith
