#include "grouped-products.h"

#include <algorithm>
#include <cstring>

#include "block.h"
#include "pack.h"
#include "parallel.h"
#include "scratch.h"
#include "streaming.h"

namespace arrowsmith {
namespace {

/** Bytes of right-hand sides that are packed at once: they stay in the last cache while they are multiplied. */
constexpr size_t kRoundBytes = 8 << 20;
/** Floats that are packed at once. */
constexpr int64_t kPieceFloats = 1 << 15;
/** Blocks for each thread, at least: a thread that comes late then has something else to do. */
constexpr int64_t kBlocksPerThread = 4;

constexpr size_t roundedBytes(size_t bytes) { return (bytes + 63) / 64 * 64; }

/** Products in succession whose right-hand sides are packed at once. */
class Round {
 public:
  Round(Precision precision, const GroupedProduct* products, const ProductTerm* terms, int64_t termsOfEach)
      : precision_(precision), products_(products), terms_(terms), termsOfEach_(termsOfEach) {}

  /** The product after the last one becomes part of the round, unless that is full. */
  bool add() {
    const ProductTerm* terms = terms_ + count_ * termsOfEach_;
    size_t bytes = 0;
    for (int64_t t = 0; t < termsOfEach_; t++) bytes += roundedBytes(packedBytes(precision_, terms[t].k, products_[count_].n));
    if (count_ > 0 && bytes_ + bytes > kRoundBytes) return false;
    for (int64_t t = 0; t < termsOfEach_; t++) {
      const bool shared = !sources_.empty() && sources_.back().data == terms[t].b.data && packed_.back().k == terms[t].k;
      if (!shared) addRight(terms[t], products_[count_].n);
      rightOf_.push_back(packed_.size() - 1);
    }
    count_++;
    return true;
  }

  int64_t count() const { return count_; }

  void multiply() {
    char* memory = static_cast<char*>(scratchBytes(Scratch::grouped, bytes_));
    for (size_t i = 0; i < packed_.size(); i++) packed_[i].data = memory + at_[i];
    packRights();
    const std::vector<Block> blocks = cutBlocks();
    for (const PackedB& packed : packed_) needForBlocks(precision_, packed.k);
    parallelFor(static_cast<int64_t>(blocks.size()), [&](int64_t i) {
      ReadNext next;
      if (const size_t following = static_cast<size_t>(i + threads()); following < blocks.size()) addRows(blocks[following], next);
      multiplyBlockOf(blocks[static_cast<size_t>(i)], next);
    });
  }

 private:
  /** A part of one of the products' results. */
  struct Block {
    int64_t product, row, rows, n0, n1;
  };

  void addRight(const ProductTerm& term, int64_t n) {
    packed_.push_back({precision_, term.k, n, nullptr});
    sources_.push_back(term.b);
    at_.push_back(bytes_);
    bytes_ += roundedBytes(packedBytes(precision_, term.k, n));
  }

  void packRights() const {
    struct Panels {
      size_t right;
      int64_t first, last;
    };
    std::vector<Panels> list;
    for (size_t i = 0; i < packed_.size(); i++) {
      const int64_t panels = pieces(packed_[i].n, kPanelWidth);
      const int64_t each = std::max<int64_t>(1, kPieceFloats / (std::max<int64_t>(1, packed_[i].k) * kPanelWidth));
      for (int64_t first = 0; first < panels; first += each) list.push_back({i, first, std::min(panels, first + each)});
    }
    parallelFor(static_cast<int64_t>(list.size()), [&](int64_t i) {
      const auto [right, first, last] = list[static_cast<size_t>(i)];
      packPanels(packed_[right], sources_[right], 0, packed_[right].k, first, last, Readers::allThreads);
    });
  }

  /** Of whole rows of panels that fit into the cache, and of as many rows that there is something for every thread. */
  std::vector<Block> cutBlocks() const {
    int64_t allRows = 0;
    for (int64_t i = 0; i < count_; i++) allRows += products_[i].m;
    const int64_t fair = pieces(allRows, kBlocksPerThread * threads());
    const int64_t most = std::max(kLeastBlockRows, std::min(kBlockRows, fair));
    int64_t down = 0;
    for (int64_t i = 0; i < count_; i++) down += pieces(products_[i].m, most);
    const int64_t wide = pieces(2 * threads(), std::max<int64_t>(1, down));  // cuts of the columns, where rows are few
    std::vector<Block> blocks;
    for (int64_t i = 0; i < count_; i++) {
      const auto [m, n, c] = products_[i];
      if (m == 0 || n == 0) continue;
      const int64_t rows = evenPiece(m, most, kTileRows);
      const int64_t columns = evenPiece(n, std::min(Blocking(precision_, longestSum(i)).columns, pieces(n, wide)), kPanelWidth);
      for (int64_t n0 = 0; n0 < n; n0 += columns) {
        for (int64_t row = 0; row < m; row += rows) {
          blocks.push_back({i, row, std::min(rows, m - row), n0, std::min(n, n0 + columns)});
        }
      }
    }
    return blocks;
  }

  int64_t longestSum(int64_t product) const {
    int64_t k = 1;
    for (int64_t t = 0; t < termsOfEach_; t++) k = std::max(k, terms_[product * termsOfEach_ + t].k);
    return k;
  }

  Matrix rowsOf(const Block& block, const ProductTerm& term) const { return part(term.a, block.row, 0); }

  /** Adds what a block reads. */
  void addRows(const Block& block, ReadNext& next) const {
    for (int64_t t = block.product * termsOfEach_; t < (block.product + 1) * termsOfEach_; t++) {
      const Matrix rows = rowsOf(block, terms_[t]);
      next.add(rows.data, rows.stride, rows.transposed ? terms_[t].k : block.rows, rows.transposed ? block.rows : terms_[t].k);
    }
  }

  void multiplyBlockOf(const Block& block, ReadNext& next) const {
    const GroupedProduct& product = products_[block.product];
    float* c = product.c + block.row * product.n + block.n0;
    bool empty = true;
    for (int64_t t = block.product * termsOfEach_; t < (block.product + 1) * termsOfEach_; t++) {
      const int64_t k = terms_[t].k;
      if (k == 0) continue;
      const bool streams = termsOfEach_ == 1 && product.m * product.n >= kStreamedFloats;
      const BlockTarget target{block.rows, block.n0, block.n1, c, empty ? nullptr : c, product.n, &next, false, streams};
      multiplyInBlocks(target, rowsOf(block, terms_[t]), packed_[rightOf_[static_cast<size_t>(t)]], 0, k);
      empty = false;
    }
    if (!empty) return;
    for (int64_t i = 0; i < block.rows; i++) std::fill_n(c + i * product.n, block.n1 - block.n0, 0.0f);
  }

  const Precision precision_;
  const GroupedProduct* const products_;
  const ProductTerm* const terms_;
  const int64_t termsOfEach_;
  int64_t count_ = 0;
  /** Right-hand sides, what they are packed of, and where in the memory; and that of each term. */
  std::vector<PackedB> packed_;
  std::vector<Matrix> sources_;
  std::vector<size_t> at_, rightOf_;
  size_t bytes_ = 0;
};

}  // namespace

void multiplyGrouped(Precision precision, const std::vector<GroupedProduct>& products, const std::vector<ProductTerm>& terms) {
  const int64_t count = static_cast<int64_t>(products.size());
  if (count == 0) return;
  const int64_t termsOfEach = static_cast<int64_t>(terms.size()) / count;
#if defined(ARROWSMITH_ACCELERATE)
  for (int64_t i = 0; i < count * termsOfEach; i++) {
    const auto [m, n, c] = products[static_cast<size_t>(i / termsOfEach)];
    const auto& [a, b, k] = terms[static_cast<size_t>(i)];
    gemm(precision, m, n, k, a, b, c, n, i % termsOfEach > 0);
  }
#else
  for (int64_t first = 0; first < count;) {
    Round round(available(precision), products.data() + first, terms.data() + first * termsOfEach, termsOfEach);
    while (first + round.count() < count && round.add()) continue;
    round.multiply();
    first += round.count();
  }
#endif
}

}  // namespace arrowsmith
