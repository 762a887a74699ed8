#include "quantized-rows.h"

#include <algorithm>

#include "integer-products.h"
#include "rows.h"
#include "scratch.h"

namespace arrowsmith {
namespace {

/** Bytes that rows begin at a multiple of, and that vectors may read at once. */
constexpr int64_t kAlignment = 64;

int64_t aligned(int64_t bytes) { return pieces(bytes, kAlignment) * kAlignment; }

/** Of each eight, first those at even places; `count` is a multiple of 8. */
void putEvenFirst(int8_t* values, int64_t count) {
  for (int64_t i = 0; i < count; i += 8) {
    int8_t eight[8];
    std::memcpy(eight, values + i, 8);
    for (int64_t j = 0; j < 8; j++) values[i + j] = eight[j < 4 ? 2 * j : 2 * j - 7];
  }
}

int32_t sumOf(const int8_t* values, int64_t count) {
  int32_t sum = 0;
  for (int64_t i = 0; i < count; i++) sum += values[i];
  return sum;
}

void quantizeRow(const float* x, int64_t columns, const InputBlocks& blocks, int8_t* values, int64_t stride, InputBlock* result) {
  std::memset(values + columns, 0, static_cast<size_t>(stride - columns));
  const float scale = blocks.isOneScale ? quantizeInt8(x, columns, values) : 0;
  for (int64_t first = 0; first < columns; first += blocks.size, result++) {
    const int64_t count = std::min(blocks.size, columns - first);
    result->scale = blocks.isOneScale ? scale : quantizeInt8(x + first, count, values + first);
    if (blocks.order == Order::evenFirst) putEvenFirst(values + first, count);
    result->sum = sumOf(values + first, count);
  }
}

}  // namespace

InputBlocks::InputBlocks(Format format) : size(kSpan), order(Order::natural), isOneScale(format == Format::int8) {
  if (isOneScale) return;
  withIntegers(format, [&](auto integers) {
    size = decltype(integers)::kGroup;
    order = decltype(integers)::kOrder;
  });
}

QuantizedInputs::QuantizedInputs(StoredProduct* products, int64_t count) {
  std::vector<size_t> inputOf(static_cast<size_t>(count));
  std::vector<StoredProduct*> asking;
  for (StoredProduct* product = products; product < products + count; product++) {
    if (product->inputs == InputPrecision::int8 && hasIntegers(product->matrix.format)) asking.push_back(product);
  }
  if (asking.empty()) return;
  size_t bytes = 0;
  for (size_t i = 0; i < asking.size(); i++) {
    const StoredProduct& product = *asking[i];
    const Input input{product.x, product.n, product.matrix.columns, InputBlocks(product.matrix.format)};
    const auto isSame = [&](const Input& other) { return other.x == input.x && other.n == input.n && other.blocks == input.blocks; };
    inputOf[i] = static_cast<size_t>(std::find_if(inputs_.begin(), inputs_.end(), isSame) - inputs_.begin());
    if (inputOf[i] < inputs_.size()) continue;
    inputs_.push_back(input);
    const int64_t ofRow = pieces(input.columns, input.blocks.size);
    rows_.push_back({nullptr, aligned(input.columns), nullptr, ofRow});
    bytes += static_cast<size_t>(input.n * aligned(input.columns) + aligned(input.n * ofRow * static_cast<int64_t>(sizeof(InputBlock))));
  }
  char* memory = static_cast<char*>(scratchBytes(Scratch::quantizedRows, bytes));
  for (size_t i = 0; i < inputs_.size(); i++) {
    const Input& input = inputs_[i];
    QuantizedRows& rows = rows_[i];
    int8_t* const values = reinterpret_cast<int8_t*>(memory);
    InputBlock* const blocks = reinterpret_cast<InputBlock*>(values + input.n * rows.stride);
    rows.values = values;
    rows.blocks = blocks;
    memory += input.n * rows.stride + aligned(input.n * rows.count * static_cast<int64_t>(sizeof(InputBlock)));
    const int64_t together = rowsPerPiece(input.columns);
    shareWork(input.n * input.columns, pieces(input.n, together), [&](int64_t piece) {
      for (int64_t row = piece * together; row < std::min(input.n, (piece + 1) * together); row++) {
        quantizeRow(input.x + row * input.columns, input.columns, input.blocks, values + row * rows.stride, rows.stride, blocks + row * rows.count);
      }
    });
  }
  for (size_t i = 0; i < asking.size(); i++) asking[i]->quantized = &rows_[inputOf[i]];
}

}  // namespace arrowsmith
