/** @file Tests of numbers that are made of their bit planes. */
#include <cstring>
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

namespace {

using Integers = std::vector<int32_t>;

Integers randomIntegers(int64_t count, uint64_t seed) {
  Random random(seed);
  Integers integers(static_cast<size_t>(count));
  for (int32_t& each : integers) each = static_cast<int32_t>(random.next() >> 32);
  return integers;
}

uint64_t bitOf(const Integers& integers, int64_t bit) {
  return static_cast<uint64_t>(static_cast<uint32_t>(integers[static_cast<size_t>(bit / 32)]) >> (bit % 32)) & 1;
}

/** A number by its definition, bit by bit. */
uint64_t numberOf(int64_t i, int bits, int64_t words, int64_t rest, bool isSigned, int64_t dropped, const Integers& heads,
                  const Integers& planes) {
  const int64_t tail = rest - (isSigned ? 1 : 0), headBits = bits - rest;
  uint64_t head = 0, number = 0;
  for (int64_t r = 0; r < headBits; r++) head |= bitOf(heads, 8 * i + r) << r;
  const auto plane = [&](int64_t r) { return r < dropped ? 0 : bitOf(planes, 32 * words * r + i); };
  for (int64_t r = 0; r < tail; r++) number |= plane(r) << r;
  number |= head << tail;
  if (isSigned) number |= plane(tail) << (bits - 1);
  const bool isExact = isSigned && (head == 0 || head == (1ull << headBits) - 1);
  return dropped == 0 || isExact ? number : number | 1ull << (dropped - 1);
}

}  // namespace

TEST("numbers have the bits of their planes, for any number of words and any of planes that are left out") {
  const struct {
    int bits;
    int64_t rest;
    bool isSigned;
    decltype(&joinPlanes8) join;
  } formats[] = {{16, 8, true, joinPlanes16}, {16, 11, true, joinPlanes16}, {32, 24, true, joinPlanes32}, {8, 4, false, joinPlanes8}};
  for (const auto& [bits, rest, isSigned, join] : formats) {
    for (const int64_t words : {0, 1, 2, 3, 17, 600}) {
      Integers heads = randomIntegers(8 * words, 3);
      const Integers planes = randomIntegers(rest * words, 5);
      for (size_t i = 0; i < heads.size(); i += 3) heads[i] = i % 2 == 0 ? 0 : -1;  // exponents of zeros, and of what is no finite number
      for (int64_t dropped = 0; dropped < rest; dropped++) {
        Integers numbers(static_cast<size_t>(words * bits), 7);
        join(words, rest, isSigned, dropped, heads.data(), planes.data(), numbers.data());
        bool isRight = true;
        for (int64_t i = 0; i < 32 * words; i++) {
          uint64_t found = 0;
          std::memcpy(&found, reinterpret_cast<const uint8_t*>(numbers.data()) + i * bits / 8, static_cast<size_t>(bits / 8));
          isRight = isRight && found == numberOf(i, bits, words, rest, isSigned, dropped, heads, planes);
        }
        CHECK(isRight);
      }
    }
  }
}
