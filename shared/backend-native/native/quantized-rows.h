/** @file Rows of inputs that are quantized to int8 as they come, block by block, to be multiplied with integers (integer-products.h). */
#pragma once
#include <vector>

#include "integer-formats.h"
#include "stored-products.h"

namespace arrowsmith {

/** The integer products of a matrix without blocks are added up so far: int32 holds them. */
constexpr int64_t kSpan = 65536;

/** How a row of inputs is cut: as the matrix is whose integers it is multiplied with. */
struct InputBlocks {
  int64_t size;
  Order order;
  /** One scale for the row; otherwise one for each block. */
  bool isOneScale;

  explicit InputBlocks(Format format);
  bool operator==(const InputBlocks& other) const { return size == other.size && order == other.order && isOneScale == other.isOneScale; }
};

/** A block of inputs stands for scale · int8; and the sum of the int8. */
struct InputBlock {
  float scale;
  int32_t sum;
};

/** Rows [n, columns]. */
struct QuantizedRows {
  /** [n, stride], zeros behind the columns. */
  const int8_t* values;
  int64_t stride;
  /** [n, count] */
  const InputBlock* blocks;
  int64_t count;
};

/** The inputs of some products, quantized, as long as this thread quantizes no others. */
class QuantizedInputs {
 public:
  /** Quantizes on all threads what the products that ask for it read, each input once, and tells them where it is. */
  QuantizedInputs(StoredProduct* products, int64_t count);

 private:
  struct Input {
    const float* x;
    int64_t n, columns;
    InputBlocks blocks;
  };
  std::vector<Input> inputs_;
  std::vector<QuantizedRows> rows_;
};

}  // namespace arrowsmith
