/** @file Tests of rows that are made of columns. */
#include <cstring>
#include <vector>

#include "../kernels.h"
#include "check.h"

using namespace arrowsmith;
using namespace arrowsmith::test;

TEST("row i is the column that the index names, for any number of rows, pairs and columns") {
  for (const int64_t tokens : {0, 1, 63, 64, 200}) {
    for (const int64_t pairs : {1, 3, 16, 37}) {
      for (const int64_t distinct : {1, 5, 129}) {
        Random random(static_cast<uint64_t>(tokens + pairs + distinct));
        std::vector<int32_t> x(static_cast<size_t>(pairs * distinct)), index(static_cast<size_t>(tokens));
        for (int32_t& each : x) each = static_cast<int32_t>(random.next());
        for (int32_t& each : index) each = static_cast<int32_t>(random.below(distinct));
        std::vector<int32_t> y(static_cast<size_t>(tokens * pairs));
        gatherColumns16(tokens, pairs, distinct, index.data(), x.data(), y.data());
        const auto number = [](const std::vector<int32_t>& words, int64_t i) {
          uint16_t value;
          std::memcpy(&value, reinterpret_cast<const uint8_t*>(words.data()) + 2 * i, sizeof value);
          return value;
        };
        bool isRight = true;
        for (int64_t token = 0; token < tokens; token++) {
          for (int64_t channel = 0; channel < 2 * pairs; channel++) {
            const int64_t from = channel * distinct + index[static_cast<size_t>(token)];
            isRight = isRight && number(y, token * 2 * pairs + channel) == number(x, from);
          }
        }
        CHECK(isRight);
      }
    }
  }
}
