/** @file Numbers of their bit planes. */
#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "parallel.h"
#include "simd.h"

namespace arrowsmith {
namespace {

/** Numbers that are made together: the bits of one plane are a word of 64 bits. */
constexpr int kTile = 64;

/** Bytes of a plane that a thread takes at once: of 16,384 numbers. */
constexpr int64_t kBytesPerPiece = 2048;

#if defined(__AVX512BW__) && !defined(EMULATED_AVX512)

/** Bytes of which number i has bit r of the byte where bit i of plane first + r is set: the plane is a mask of the 64 bytes. */
void expand(const uint8_t* planes, int64_t stride, int64_t first, int64_t end, uint8_t* bytes) {
  __m512i sum = _mm512_setzero_si512();
  for (int64_t plane = first; plane < end; plane++) {
    uint64_t bits;
    std::memcpy(&bits, planes + plane * stride, sizeof bits);
    sum = _mm512_mask_add_epi8(sum, bits, sum, _mm512_set1_epi8(static_cast<char>(1 << (plane % 8))));
  }
  _mm512_storeu_si512(bytes, sum);
}

#elif defined(__AVX2__)

/** … each half's four bytes are spread over 32, of which each keeps the one bit that is its number's. */
void expand(const uint8_t* planes, int64_t stride, int64_t first, int64_t end, uint8_t* bytes) {
  const __m256i spread = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i own = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
  for (int half = 0; half < 2; half++) {
    __m256i sum = _mm256_setzero_si256();
    for (int64_t plane = first; plane < end; plane++) {
      int32_t bits;
      std::memcpy(&bits, planes + plane * stride + 4 * half, sizeof bits);
      const __m256i each = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), spread), own);
      const __m256i isSet = _mm256_cmpeq_epi8(each, own);
      sum = _mm256_or_si256(sum, _mm256_and_si256(isSet, _mm256_set1_epi8(static_cast<char>(1 << (plane % 8)))));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(bytes + 32 * half), sum);
  }
}

#else

/** Bit r of byte j for bit j of byte r: halves, quarters and eighths of the 8 × 8 bits change places (Warren, Hacker's Delight, 7-3). */
inline uint64_t transposed(uint64_t bits) {
  uint64_t moved = (bits ^ (bits >> 7)) & 0x00aa00aa00aa00aaull;
  bits ^= moved ^ (moved << 7);
  moved = (bits ^ (bits >> 14)) & 0x0000cccc0000ccccull;
  bits ^= moved ^ (moved << 14);
  moved = (bits ^ (bits >> 28)) & 0x00000000f0f0f0f0ull;
  return bits ^ moved ^ (moved << 28);
}

/** … a byte of each of eight planes at a time. */
void expand(const uint8_t* planes, int64_t stride, int64_t first, int64_t end, uint8_t* bytes) {
  for (int i = 0; i < kTile / 8; i++) {
    uint64_t bits = 0;
    for (int64_t plane = first; plane < end; plane++) bits |= static_cast<uint64_t>(planes[plane * stride + i]) << (8 * (plane % 8));
    bits = transposed(bits);
    std::memcpy(bytes + 8 * i, &bits, sizeof bits);
  }
}

#endif

/** What all numbers of a call have in common. */
template <class Number>
struct Parts {
  static constexpr int kBits = 8 * sizeof(Number);

  /** Bits below the head. */
  int tail;
  Number headMask, tailMask;
  /** In place of planes that are not there. */
  Number middle;
  bool isSigned;

  Parts(int64_t rest, bool isSignedNumber, int64_t dropped)
      : tail(static_cast<int>(rest) - (isSignedNumber ? 1 : 0)),
        headMask(static_cast<Number>((1ull << (kBits - rest)) - 1)),
        tailMask(static_cast<Number>((1ull << tail) - 1)),
        middle(static_cast<Number>(dropped == 0 ? 0 : 1ull << (dropped - 1))),
        isSigned(isSignedNumber) {}

  /** Numbers of heads, and of the bytes of their other bits, lowest first: loops that compilers make vectors of. */
  template <int Lanes>
  void join(const uint8_t* heads, const uint8_t (*bytes)[kTile], int count, Number* numbers) const {
    for (int i = 0; i < count; i++) {
      Number rest = bytes[0][i];
      for (int lane = 1; lane < Lanes; lane++) rest = static_cast<Number>(rest | static_cast<Number>(bytes[lane][i]) << (8 * lane));
      const Number head = static_cast<Number>(heads[i] & headMask);
      const Number sign = isSigned ? static_cast<Number>(rest >> tail) : Number{0};
      // Of what is zero, infinite or none, no bit is guessed.
      const bool isExact = isSigned && (head == 0 || head == headMask);
      const Number low = static_cast<Number>((rest & tailMask) | (isExact ? Number{0} : middle));
      numbers[i] = static_cast<Number>(static_cast<Number>(sign << (kBits - 1)) | static_cast<Number>(head << tail) | low);
    }
  }
};

template <class Number>
void join(int64_t words, int64_t rest, bool isSigned, int64_t dropped, const int32_t* heads, const int32_t* planes, int32_t* numbers) {
  constexpr int kLanes = sizeof(Number);
  const int64_t stride = 4 * words;  // bytes of a plane
  const Parts<Number> parts(rest, isSigned, dropped);
  const auto* head = reinterpret_cast<const uint8_t*>(heads);
  const auto* plane = reinterpret_cast<const uint8_t*>(planes);
  auto* number = reinterpret_cast<Number*>(numbers);
  parallelRanges(stride, kBytesPerPiece, [&](int64_t begin, int64_t end) {
    uint8_t bytes[kLanes][kTile] = {};
    uint8_t last[32 * 8] = {};  // of a tile that planes end within, their bytes
    for (int64_t at = begin; at < end; at += kTile / 8) {
      const int size = static_cast<int>(std::min<int64_t>(kTile / 8, end - at));
      const uint8_t* from = plane + at;
      int64_t fromStride = stride;
      if (size < kTile / 8) {
        for (int64_t r = 0; r < rest; r++) std::memcpy(last + 8 * r, from + r * stride, static_cast<size_t>(size));
        from = last;
        fromStride = 8;
      }
      for (int lane = 0; lane < kLanes && 8 * lane < rest; lane++) {
        expand(from, fromStride, std::max<int64_t>(8 * lane, dropped), std::min<int64_t>(8 * lane + 8, rest), bytes[lane]);
      }
      const int lanes = static_cast<int>((rest + 7) / 8), count = 8 * size;
      Number* to = number + 8 * at;
      if (lanes == 1) parts.template join<1>(head + 8 * at, bytes, count, to);
      else if (lanes == 2) parts.template join<std::min(kLanes, 2)>(head + 8 * at, bytes, count, to);
      else parts.template join<kLanes>(head + 8 * at, bytes, count, to);
    }
  });
}

}  // namespace

void joinPlanes8(int64_t words, int64_t rest, bool isSigned, int64_t dropped, const int32_t* heads, const int32_t* planes,
                 int32_t* numbers) {
  join<uint8_t>(words, rest, isSigned, dropped, heads, planes, numbers);
}

void joinPlanes16(int64_t words, int64_t rest, bool isSigned, int64_t dropped, const int32_t* heads, const int32_t* planes,
                  int32_t* numbers) {
  join<uint16_t>(words, rest, isSigned, dropped, heads, planes, numbers);
}

void joinPlanes32(int64_t words, int64_t rest, bool isSigned, int64_t dropped, const int32_t* heads, const int32_t* planes,
                  int32_t* numbers) {
  join<uint32_t>(words, rest, isSigned, dropped, heads, planes, numbers);
}

}  // namespace arrowsmith
