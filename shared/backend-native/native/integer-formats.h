/**
 * @file Formats whose integers are multiplied as they are: blocks of kLanes rows at once, whose integers become vectors of four of each row
 * (int8-dot.h). The layouts are described in `shared/quantization/src/formats`.
 *
 * A format has
 *
 *     kBlock, kBytes     values of a block, and its bytes
 *     kGroup             values with one scale: a block, or a part of it
 *     kBits              of its integers as they are multiplied
 *     kOrder             in which order its integers, and so the inputs, come
 *     load<count>(…)     integers [32 · chunk …) of a block, or of groups of 16 those of one group
 *     Scales             what a block's integers stand for; of group g
 *                          kZeros      Zeros::constant: scale(g) · (integer − kZero); Zeros::perRow: scale(g) · (integer − zero);
 *                                      Zeros::none: scale(g) · integer + addend(g)
 */
#pragma once
#include <cstdint>

#include "block-formats.h"
#include "int8-dot.h"

namespace arrowsmith {

/** As they are in the row, or of each eight first those at even places, then those at odd ones: neighbours that share a byte. */
enum class Order { natural, evenFirst };

/** What belongs to integers before they are scaled. */
enum class Zeros { constant, perRow, none };

/** Values that are multiplied together, at most. */
constexpr int kChunk = 32;

/** Bits [shift, shift + bits) of each byte. */
template <int bits>
inline VecBits field(VecBits words, int shift) {
  return words >> static_cast<uint32_t>(shift) & (0x01010101u * ((1u << bits) - 1));
}

/** The four lowest bits, each in a byte. */
inline VecBits spreadBits(VecBits words) { return (words & 0xfu) * 0x00204081u & 0x01010101u; }

/** The eight lowest bits, two in a byte. */
inline VecBits spreadPairs(VecBits words) {
  const VecBits low = words & 0xffu;
  return (low | low << 6 | low << 12 | low << 18) & 0x03030303u;
}

/** 32 integers of four bits in 16 bytes: at a byte's l low and l + 16 high, or with Order::evenFirst its two neighbours. */
template <Order order>
inline __attribute__((always_inline)) void loadNibbles(const uint8_t* p, int64_t stride, VecBits (&w)[8]) {
  VecBits words[4];
  linesOfRows(p, stride, words);
  for (int i = 0; i < 4; i++) {
    w[order == Order::natural ? i : 2 * i] = field<4>(words[i], 0);
    w[order == Order::natural ? 4 + i : 2 * i + 1] = field<4>(words[i], 4);
  }
}

/** 32 bytes. */
template <bool isUnsigned>
inline __attribute__((always_inline)) void loadBytes(const uint8_t* p, int64_t stride, VecBits (&w)[8]) {
  for (int half = 0; half < 2; half++) {
    VecBits words[4];
    linesOfRows(p + 16 * half, stride, words);
    for (int i = 0; i < 4; i++) w[4 * half + i] = wideBytes<isUnsigned>(words[i]);
  }
}

/** Adds a further bit of 32 integers, bit i of four bytes, above `bits` others. */
template <int bits>
inline __attribute__((always_inline)) void addBits(const uint8_t* p, int64_t stride, VecBits (&w)[8]) {
  const VecBits words = wordsOfRows(p, stride);
  for (int i = 0; i < 8; i++) w[i] |= spreadBits(words >> static_cast<uint32_t>(4 * i)) << bits;
}

/** One scale for the block. */
struct OneScale {
  Vec only;
  Vec scale(int) const { return only; }
};

/** … and a zero. */
struct ScaleAndZero : OneScale {
  VecIntegers zero;
};

/** … and an addend. */
struct ScaleAndAddend : OneScale {
  Vec onlyAddend;
  Vec addend(int) const { return onlyAddend; }
};

/** Integers of 8, 4, 3 and 2 bits in groups. */
template <int bits, int size, bool asymmetric>
struct Groups {
  static constexpr int kBlock = size, kBytes = (asymmetric ? 3 : 2) + bits * size / 8, kGroup = size;
  static constexpr int kBits = bits;
  static constexpr Order kOrder = bits == 4 ? Order::evenFirst : Order::natural;
  static constexpr Zeros kZeros = asymmetric ? Zeros::perRow : Zeros::constant;
  /** Of 8 bits that are multiplied with a sign, 128 are taken away. */
  static constexpr int32_t kTaken = bits == 8 ? 128 - kWideOffset : 0;
  static constexpr int32_t kZero = (1 << (bits - 1)) - kTaken;
  using Scales = std::conditional_t<asymmetric, ScaleAndZero, OneScale>;

  static void load(const uint8_t* block, int64_t stride, int chunk, VecBits (&w)[8]) {
    const uint8_t* const p = block + (asymmetric ? 3 : 2);
    if constexpr (bits == 8) loadBytes<true>(p + 32 * chunk, stride, w);
    if constexpr (bits == 4) loadNibbles<Order::evenFirst>(p + 16 * chunk, stride, w);
    if constexpr (bits < 4) {
      for (int half = 0; half < 2; half++) {
        const VecBits words = wordsOfRows(p + 8 * chunk + 4 * half, stride);
        for (int i = 0; i < 4; i++) w[4 * half + i] = spreadPairs(words >> static_cast<uint32_t>(8 * i));
      }
    }
    if constexpr (bits == 3) addBits<2>(p + size / 4 + 4 * chunk, stride, w);
  }

  static Scales scales(const uint8_t* block, int64_t stride) {
    Scales result;
    result.only = halvesOfRows(block, stride);
    if constexpr (asymmetric) result.zero = bytesOfRows(block + 2, stride) - kTaken;
    return result;
  }
};

/** Q8_0. */
struct BytesOfQ8 {
  static constexpr int kBlock = 32, kBytes = 34, kGroup = 32;
  static constexpr int kBits = kWideBits;
  static constexpr Order kOrder = Order::natural;
  static constexpr Zeros kZeros = Zeros::constant;
  static constexpr int32_t kZero = kWideOffset;
  using Scales = OneScale;

  static void load(const uint8_t* block, int64_t stride, int, VecBits (&w)[8]) { loadBytes<false>(block + 2, stride, w); }
  static Scales scales(const uint8_t* block, int64_t stride) { return {halvesOfRows(block, stride)}; }
};

/** Q4_0, Q5_0, and with a minimum Q4_1, Q5_1. */
template <int bits, bool hasMinimum>
struct Nibbles {
  static constexpr int kHeader = hasMinimum ? 4 : 2, kFifths = bits == 5 ? 4 : 0;
  static constexpr int kBlock = 32, kBytes = kHeader + kFifths + 16, kGroup = 32;
  static constexpr int kBits = bits;
  static constexpr Order kOrder = Order::natural;
  static constexpr Zeros kZeros = hasMinimum ? Zeros::none : Zeros::constant;
  static constexpr int32_t kZero = 1 << (bits - 1);
  using Scales = std::conditional_t<hasMinimum, ScaleAndAddend, OneScale>;

  static void load(const uint8_t* block, int64_t stride, int, VecBits (&w)[8]) {
    loadNibbles<Order::natural>(block + kHeader + kFifths, stride, w);
    if constexpr (bits == 5) addBits<4>(block + kHeader, stride, w);
  }

  static Scales scales(const uint8_t* block, int64_t stride) {
    Scales result;
    result.only = halvesOfRows(block, stride);
    if constexpr (hasMinimum) result.onlyAddend = halvesOfRows(block + 2, stride);
    return result;
  }
};

/** IQ4_NL: four bits that stand for levels. */
struct Levels {
  static constexpr int kBlock = 32, kBytes = 18, kGroup = 32;
  static constexpr int kBits = kWideBits;
  static constexpr Order kOrder = Order::natural;
  static constexpr Zeros kZeros = Zeros::constant;
  static constexpr int32_t kZero = kWideOffset;
  using Scales = OneScale;

  static void load(const uint8_t* block, int64_t stride, int, VecBits (&w)[8]) {
    alignas(16) static constexpr int8_t kLevels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    loadNibbles<Order::natural>(block + 2, stride, w);
    for (VecBits& words : w) {
#if defined(__AVX512BW__) && !defined(EMULATED_AVX512)
      const __m512i table = _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(kLevels)));
      words = (VecBits)_mm512_shuffle_epi8(table, (__m512i)words);
#elif defined(__AVX2__) && !defined(__AVX512F__)
      const __m256i table = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(kLevels)));
      words = (VecBits)_mm256_shuffle_epi8(table, (__m256i)words);
#elif defined(__aarch64__)
      words = (VecBits)vqtbl1q_s8(vld1q_s8(kLevels), (uint8x16_t)words);
#else
      uint8_t bytes[kVectorBytes];
      std::memcpy(bytes, &words, sizeof bytes);
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(kLevels[byte]);
      std::memcpy(&words, bytes, sizeof bytes);
#endif
      words = wideBytes<false>(words);
    }
  }
  static Scales scales(const uint8_t* block, int64_t stride) { return {halvesOfRows(block, stride)}; }
};

// ---- GGUF's K formats: 256 values in groups with scales of their own

constexpr int kSuperBlockValues = 256;

/** Of groups; the products that they are, of a number in half precision and an integer, are exact. */
template <int groups, bool hasMinima>
struct GroupScales {
  Vec d, dMinimum;
  VecBits scales[groups], minima[hasMinima ? groups : 1];

  Vec scale(int group) const { return d * floatsOf(scales[group]); }
  Vec addend(int group) const { return -(dMinimum * floatsOf(minima[group])); }

 private:
  static Vec floatsOf(VecBits integers) { return __builtin_convertvector(reinterpret_cast<VecIntegers>(integers), Vec); }
};

/** `bits` of each lane from a place on. */
inline VecBits bitsFrom(VecBits words, int place, int bits) { return words >> static_cast<uint32_t>(place) & ((1u << bits) - 1); }

/** Q4_K and Q5_K. */
template <int bits>
struct NibblesInSuperBlocks {
  static constexpr int kBlock = kSuperBlockValues, kBytes = bits == 4 ? 144 : 176, kGroup = 32;
  static constexpr int kBits = bits;
  static constexpr Order kOrder = Order::natural;
  static constexpr Zeros kZeros = Zeros::none;
  static constexpr int32_t kZero = 0;
  using Scales = GroupScales<8, true>;

  static void load(const uint8_t* block, int64_t stride, int chunk, VecBits (&w)[8]) {
    const uint8_t* const p = block + (bits == 4 ? 16 : 48) + 32 * (chunk / 2);
    for (int half = 0; half < 2; half++) {
      VecBits words[4], fifths[4];
      linesOfRows(p + 16 * half, stride, words);
      if constexpr (bits == 5) linesOfRows(block + 16 + 16 * half, stride, fifths);
      for (int i = 0; i < 4; i++) {
        w[4 * half + i] = field<4>(words[i], 4 * (chunk % 2));
        if constexpr (bits == 5) w[4 * half + i] |= field<1>(fifths[i], chunk) << 4;
      }
    }
  }

  static Scales scales(const uint8_t* block, int64_t stride) {
    Scales result{halvesOfRows(block, stride), halvesOfRows(block + 2, stride), {}, {}};
    const VecBits first = wordsOfRows(block + 4, stride), second = wordsOfRows(block + 8, stride), third = wordsOfRows(block + 12, stride);
    for (int j = 0; j < 4; j++) {
      result.scales[j] = bitsFrom(first, 8 * j, 6);
      result.minima[j] = bitsFrom(second, 8 * j, 6);
      result.scales[j + 4] = bitsFrom(third, 8 * j, 4) | bitsFrom(first, 8 * j + 6, 2) << 4;
      result.minima[j + 4] = bitsFrom(third, 8 * j + 4, 4) | bitsFrom(second, 8 * j + 6, 2) << 4;
    }
    return result;
  }
};

/** Q6_K, Q3_K and Q2_K: groups of 16, the bits of which come from a few bytes each. */
template <int bits>
struct SixteensInSuperBlocks {
  static constexpr int kBlock = kSuperBlockValues, kBytes = bits == 6 ? 210 : bits == 3 ? 110 : 84, kGroup = 16;
  static constexpr int kBits = bits;
  static constexpr Order kOrder = Order::natural;
  static constexpr Zeros kZeros = bits == 2 ? Zeros::none : Zeros::constant;
  static constexpr int32_t kZero = bits == 6 ? 32 : bits == 3 ? 4 : 0;
  using Scales = GroupScales<16, bits == 2>;

  static void load(const uint8_t* block, int64_t stride, int group, VecBits (&w)[4]) {
    const int half = group / 8, within = group % 8;  // of 128 values
    const int pairs = 32 * half + 16 * (within % 2), shift = 2 * (within / 2);
    if constexpr (bits == 6) {
      VecBits upper[4];
      linesOfRows(block + 64 * half + 16 * (within % 4), stride, w);
      linesOfRows(block + 128 + pairs, stride, upper);
      for (int i = 0; i < 4; i++) w[i] = field<4>(w[i], 4 * (within / 4)) | field<2>(upper[i], shift) << 4;
    } else {
      linesOfRows(block + (bits == 3 ? 32 : 16) + pairs, stride, w);
      for (int i = 0; i < 4; i++) w[i] = field<2>(w[i], shift);
    }
    if constexpr (bits == 3) {
      VecBits thirds[4];
      linesOfRows(block + 16 * (group % 2), stride, thirds);
      for (int i = 0; i < 4; i++) w[i] |= field<1>(thirds[i], group / 2) << 2;
    }
  }

  static Scales scales(const uint8_t* block, int64_t stride) {
    Scales result{halvesOfRows(block + (bits == 6 ? 208 : bits == 3 ? 108 : 80), stride), {}, {}, {}};
    if constexpr (bits == 2) result.dMinimum = halvesOfRows(block + 82, stride);
    const uint8_t* const from = block + (bits == 6 ? 192 : bits == 3 ? 96 : 0);
    VecBits words[4];
    for (int i = 0; i < (bits == 3 ? 3 : 4); i++) words[i] = wordsOfRows(from + 4 * i, stride);
    for (int group = 0; group < 16; group++) {
      const int place = 8 * (group % 4);
      if constexpr (bits == 6) {
        const VecIntegers atTop = reinterpret_cast<VecIntegers>(words[group / 4] << static_cast<uint32_t>(24 - place));
        result.scales[group] = reinterpret_cast<VecBits>(atTop >> 24);  // with its sign
      }
      if constexpr (bits == 3) {
        const VecBits low = bitsFrom(words[group % 8 / 4], place + 4 * (group / 8), 4);
        result.scales[group] = (low | bitsFrom(words[2], place + 2 * (group / 4), 2) << 4) - 32u;
      }
      if constexpr (bits == 2) {
        result.scales[group] = bitsFrom(words[group / 4], place, 4);
        result.minima[group] = bitsFrom(words[group / 4], place + 4, 4);
      }
    }
    return result;
  }
};

/** Calls `body` with what reads a format of blocks. */
template <class Body>
auto withIntegers(Format format, Body&& body) {
  switch (format) {
    case Format::int8Groups32: return body(Groups<8, 32, false>{});
    case Format::int8Groups32Asymmetric: return body(Groups<8, 32, true>{});
    case Format::int8Groups128: return body(Groups<8, 128, false>{});
    case Format::int8Groups128Asymmetric: return body(Groups<8, 128, true>{});
    case Format::int4Groups32: return body(Groups<4, 32, false>{});
    case Format::int4Groups32Asymmetric: return body(Groups<4, 32, true>{});
    case Format::int4Groups128: return body(Groups<4, 128, false>{});
    case Format::int4Groups128Asymmetric: return body(Groups<4, 128, true>{});
    case Format::int3Groups32: return body(Groups<3, 32, false>{});
    case Format::int3Groups32Asymmetric: return body(Groups<3, 32, true>{});
    case Format::int3Groups128: return body(Groups<3, 128, false>{});
    case Format::int3Groups128Asymmetric: return body(Groups<3, 128, true>{});
    case Format::int2Groups32: return body(Groups<2, 32, false>{});
    case Format::int2Groups32Asymmetric: return body(Groups<2, 32, true>{});
    case Format::int2Groups128: return body(Groups<2, 128, false>{});
    case Format::int2Groups128Asymmetric: return body(Groups<2, 128, true>{});
    case Format::q5_1: return body(Nibbles<5, true>{});
    case Format::q5_0: return body(Nibbles<5, false>{});
    case Format::q4_1: return body(Nibbles<4, true>{});
    case Format::q4_0: return body(Nibbles<4, false>{});
    case Format::iq4Nl: return body(Levels{});
    case Format::q6K: return body(SixteensInSuperBlocks<6>{});
    case Format::q5K: return body(NibblesInSuperBlocks<5>{});
    case Format::q4K: return body(NibblesInSuperBlocks<4>{});
    case Format::q3K: return body(SixteensInSuperBlocks<3>{});
    case Format::q2K: return body(SixteensInSuperBlocks<2>{});
    default: return body(BytesOfQ8{});
  }
}

}  // namespace arrowsmith
