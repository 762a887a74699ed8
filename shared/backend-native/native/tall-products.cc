#include "tall-products.h"

#include <atomic>
#include <vector>

#include "block.h"
#include "pack.h"
#include "parallel.h"
#include "scratch.h"

namespace arrowsmith {
namespace {

/**
 * Rows of B in a layer, at most: few, as what has been packed is to be in the caches still when it is multiplied; fewer of narrow panels,
 * for which more of A is packed.
 */
constexpr int64_t kLayerDepth = kPanelWidth >= 64 ? 256 : 160;
/** Layers in memory: one is being multiplied, the next is ready, and the one after that takes the place of the one before. */
constexpr int64_t kLayersInMemory = 3;
/** How many layers packing is ahead of multiplying. */
constexpr int64_t kAhead = kLayersInMemory - 1;
/** Rows that are packed at once. */
constexpr int64_t kRowsAtOnce = 32;
/** Tiles of a layer for each thread, at least: a thread that comes late then has something else to do. */
constexpr int64_t kTilesPerThread = 3;

constexpr size_t roundedBytes(size_t bytes) { return (bytes + 63) / 64 * 64; }

/** A part of one of the products' results. */
struct Tile {
  int64_t product, row, rows, n0, n1;
};

void waitFor(const std::atomic<int64_t>& counter, int64_t value) {
  waitUntil([&] { return counter.load(std::memory_order_acquire) >= value; });
}

/**
 * Some rows of B and of all A are a layer. A layer is packed by all threads, each a share, while they multiply the one before the last:
 * what is multiplied has just been packed, and is still in the caches. (In float32 only B is, as most tiles are the only ones that read
 * their rows of A.) Each element of C is the sum of what the layers add, in their order.
 */
class Layers {
 public:
  Layers(Precision precision, int64_t k, int64_t n, Matrix b, const TallProduct* products, int64_t count)
      : precision_(precision),
        k_(k),
        n_(n),
        b_(b),
        products_(products),
        count_(count),
        blocking_(precision, k, kLayerDepth, kRowsAtOnce),
        layers_(pieces(k, blocking_.depth)),
        packed_(static_cast<size_t>(layers_)),
        multiplied_(static_cast<size_t>(layers_)) {
    cutTiles();
    bytes_ = roundedBytes(packedBytes(precision, blocking_.depth, n));
    for (int64_t i = 0; i < count; i++) {
      leftAt_.push_back(bytes_);
      if (packsLeft()) bytes_ += roundedBytes(packedLeftBytes(precision, products[i].m, blocking_.depth));
    }
    memory_ = static_cast<char*>(scratchBytes(Scratch::layers, bytes_ * static_cast<size_t>(std::min(layers_, kLayersInMemory))));
  }

  void multiply() {
    const int64_t tiles = static_cast<int64_t>(tiles_.size()), ahead = std::min(layers_, kAhead);
    std::vector<std::atomic<int64_t>> layersOfTile(tiles_.size());
    if (!packsLeft()) needForBlocks(precision_, blocking_.depth);
    parallelFor(ahead * tiles, [&](int64_t index) { packShare(index / tiles, index % tiles); });
    // Whatever a piece waits for belongs to an earlier one, so that somebody is at it.
    parallelFor(layers_ * tiles, [&](int64_t index) {
      const int64_t layer = index / tiles, tile = index % tiles;
      waitFor(packed_[static_cast<size_t>(layer)], tiles);
      waitFor(layersOfTile[static_cast<size_t>(tile)], layer);
      ReadNext next = readAfter(layer, tile);
      multiplyTile(layer, tiles_[static_cast<size_t>(tile)], next);
      layersOfTile[static_cast<size_t>(tile)].store(layer + 1, std::memory_order_release);
      multiplied_[static_cast<size_t>(layer)].fetch_add(1, std::memory_order_acq_rel);
      if (layer + kAhead >= layers_) return;
      if (layer > 0) waitFor(multiplied_[static_cast<size_t>(layer - 1)], tiles);
      packShare(layer + kAhead, tile);
    });
  }

 private:
  void cutTiles() {
    int64_t rows = 0;
    for (int64_t i = 0; i < count_; i++) rows += products_[i].m;
    const int64_t across = pieces(n_, blocking_.columns), columns = evenPiece(n_, blocking_.columns, kPanelWidth);
    const int64_t fair = pieces(rows * across, kTilesPerThread * threads());
    const int64_t most = std::max(kLeastBlockRows, std::min(kBlockRows, fair));
    for (int64_t n = 0; n < n_; n += columns) {
      for (int64_t i = 0; i < count_; i++) {
        const int64_t m = products_[i].m, each = evenPiece(m, most, kTileRows);
        for (int64_t row = 0; row < m; row += each) {
          tiles_.push_back({i, row, std::min(each, m - row), n, std::min(n_, n + columns)});
        }
      }
    }
  }

  /** Whether layers hold the products' A. */
  bool packsLeft() const { return precision_ == Precision::bf16; }

  int64_t depthOf(int64_t layer) const { return std::min(blocking_.depth, k_ - layer * blocking_.depth); }

  char* memoryOf(int64_t layer) const { return memory_ + static_cast<size_t>(layer % kLayersInMemory) * bytes_; }

  PackedB right(int64_t layer) const { return {precision_, depthOf(layer), n_, memoryOf(layer)}; }

  /** Rows [k0, k1) of a layer: one of as many shares as there are tiles. */
  struct Share {
    int64_t k0, k1;
  };

  Share shareOf(int64_t layer, int64_t share) const {
    const int64_t depth = depthOf(layer), units = pieces(depth, kRowsAtOnce), tiles = static_cast<int64_t>(tiles_.size());
    return {units * share / tiles * kRowsAtOnce, std::min(depth, units * (share + 1) / tiles * kRowsAtOnce)};
  }

  /** What a thread probably reads when it has multiplied a tile: its share of B, and the A of the tile that it takes next. */
  ReadNext readAfter(int64_t layer, int64_t tile) const {
    ReadNext next;
    const int64_t tiles = static_cast<int64_t>(tiles_.size()), index = layer * tiles + tile + threads();
    if (packsLeft()) return next;
    if (layer + kAhead < layers_) {
      const Share share = shareOf(layer + kAhead, tile);
      next.add(b_.data + ((layer + kAhead) * blocking_.depth + share.k0) * b_.stride, b_.stride, share.k1 - share.k0, n_);
    }
    if (index < layers_ * tiles) {
      const Tile& following = tiles_[static_cast<size_t>(index % tiles)];
      next.add(leftOf(index / tiles, following), products_[following.product].strideA, depthOf(index / tiles), following.rows);
    }
    return next;
  }

  /** Packs a share of a layer. */
  void packShare(int64_t layer, int64_t share) {
    const int64_t depth = depthOf(layer), first = layer * blocking_.depth;
    const auto [k0, k1] = shareOf(layer, share);
    if (k0 < k1) {
      packPanels(right(layer), {b_.data + first * b_.stride, b_.stride, false}, k0, k1, 0, pieces(n_, kPanelWidth), Readers::allThreads);
      for (int64_t i = 0; packsLeft() && i < count_; i++) {
        const TallProduct& product = products_[i];
        packLeft(precision_, {product.a + first * product.strideA, product.strideA, true}, product.m, k0, k1, depth,
                 memoryOf(layer) + leftAt_[static_cast<size_t>(i)]);
      }
    }
    packed_[static_cast<size_t>(layer)].fetch_add(1, std::memory_order_acq_rel);
  }

  /** Where the A of a tile begins, which is transposed. */
  const float* leftOf(int64_t layer, const Tile& tile) const {
    const TallProduct& product = products_[tile.product];
    return product.a + layer * blocking_.depth * product.strideA + tile.row;
  }

  void multiplyTile(int64_t layer, const Tile& tile, ReadNext& next) const {
    const TallProduct& product = products_[tile.product];
    float* const c = product.c + tile.row * product.strideC + tile.n0;
    const float* const addend = product.accumulate || layer > 0 ? c : nullptr;
    const BlockTarget target{tile.rows, tile.n0, tile.n1, c, addend, product.strideC, &next};
    if (packsLeft()) {
      return multiplyPackedBlock(target, memoryOf(layer) + leftAt_[static_cast<size_t>(tile.product)], tile.row, right(layer));
    }
    multiplyBlock(target, {leftOf(layer, tile), product.strideA, true}, right(layer), 0, depthOf(layer));
  }

  const Precision precision_;
  const int64_t k_, n_;
  const Matrix b_;
  const TallProduct* const products_;
  const int64_t count_;
  const Blocking blocking_;
  const int64_t layers_;
  std::vector<Tile> tiles_;
  /** Memory of a layer: B, then each A. */
  char* memory_;
  size_t bytes_;
  std::vector<size_t> leftAt_;
  /** Of each layer, how many shares are packed, and how many tiles multiplied. */
  std::vector<std::atomic<int64_t>> packed_, multiplied_;
};

}  // namespace

void multiplyTall(Precision precision, int64_t k, int64_t n, const float* b, int64_t strideB, const TallProduct* products,
                  int64_t count) {
#if !defined(ARROWSMITH_ACCELERATE)
  if (k > 0) return Layers(available(precision), k, n, {b, strideB, false}, products, count).multiply();
#endif
  for (int64_t i = 0; i < count; i++) {
    const TallProduct& product = products[i];
    gemm(precision, product.m, n, k, {product.a, product.strideA, true}, {b, strideB, false}, product.c, product.strideC,
         product.accumulate);
  }
}

}  // namespace arrowsmith
