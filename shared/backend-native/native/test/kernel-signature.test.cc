/** @file Tests of kernels' signatures: what they let pass, and what they say of the rest. */
#include "../kernel-signature.h"

#include <stdexcept>
#include <utility>

#include "check.h"

namespace arrowsmith::test {
namespace {

using Arguments = std::vector<Given>;

Given size(int64_t value) {
  Given given;
  given.number = static_cast<double>(value);
  given.size = value;
  return given;
}

/** What is no whole number. */
Given noSize(double number) {
  Given given = size(-1);
  given.number = number;
  return given;
}

Given sizes(std::vector<int64_t> values) {
  Given given;
  given.length = static_cast<int64_t>(values.size());
  given.numbers.assign(values.begin(), values.end());
  given.list = std::move(values);
  return given;
}

Given array(int64_t length) {
  Given given;
  given.length = length;
  return given;
}

Given null() {
  Given given;
  given.isNull = true;
  return given;
}

Given integers(const std::vector<int32_t>& values) {
  Given given = array(static_cast<int64_t>(values.size()));
  given.integers = values.data();
  return given;
}

/** What the signature says of the arguments; nothing where it lets them pass. */
std::string complaint(const Signature& signature, const Arguments& arguments) {
  try {
    signature.check(arguments.data());
    return "";
  } catch (const std::logic_error& error) {
    return error.what();
  }
}

#define CHECK_COMPLAINT(signature, expected, ...) checkText(__LINE__, complaint(signature, __VA_ARGS__), expected)

void checkText(int line, const std::string& actual, const std::string& expected) {
  if (actual != expected) fail(__FILE__, line, "\"" + actual + "\" instead of \"" + expected + "\"");
}

/** What is wrong with a signature's text. */
std::string mistake(const char* text, const std::vector<Kind>& kinds) {
  try {
    const Signature signature("k", text, kinds);
    return "";
  } catch (const std::logic_error& error) {
    return error.what();
  }
}

constexpr int64_t kLarge = int64_t{1} << 53;
const std::vector<Kind> kMatrix = {Kind::size, Kind::size, Kind::floats};

}  // namespace

TEST("a length is the product of numbers and sizes, and something added") {
  const Signature signature("k", "n>=0, d, x[2 n d + 1]", kMatrix);
  CHECK_COMPLAINT(signature, "", {size(3), size(4), array(25)});
  CHECK_COMPLAINT(signature, "", {size(0), size(4), array(1)});
  CHECK_COMPLAINT(signature, "k: x must have 2 · n · d + 1 = 25 elements, not 24", {size(3), size(4), array(24)});
  CHECK_COMPLAINT(signature, "k: x must have 2 · n · d + 1 = 25 elements, not 26", {size(3), size(4), array(26)});
}

TEST("sizes are whole numbers from 1, or where the signature says so from 0") {
  const Signature signature("k", "n>=0, d, x[n d]", kMatrix);
  CHECK_COMPLAINT(signature, "k: d must be a whole number from 1, not 0", {size(3), size(0), array(0)});
  CHECK_COMPLAINT(signature, "k: n must be a whole number from 0, not 1.5", {noSize(1.5), size(1), array(1)});
  CHECK_COMPLAINT(signature, "k: n must be a whole number from 0, not -2", {noSize(-2), size(1), array(1)});
}

TEST("a product that is too large for an integer is no length that an array has") {
  const Signature signature("k", "n, d, x[n d d]", kMatrix);
  for (const int64_t length : {int64_t{0}, int64_t{1}, kLarge}) {
    CHECK(complaint(signature, {size(kLarge), size(kLarge), array(length)}).find("k: x must have n · d · d = a number beyond") == 0);
  }
  const Signature sum("k", "n, d, x[n d + 1]", kMatrix);
  CHECK(complaint(sum, {size(int64_t{1} << 32), size(int64_t{1} << 32), array(1)}) != "");
}

TEST("null is taken for an array that is optional only") {
  const std::vector<Kind> kinds = {Kind::size, Kind::floats, Kind::integers};
  const Signature signature("k", "n, x?[n], ids[n]; ids in 0..2", kinds);
  const std::vector<int32_t> ids = {1, 0};
  CHECK_COMPLAINT(signature, "", {size(2), null(), integers(ids)});
  CHECK_COMPLAINT(signature, "k: x must have n = 2 elements, not 1", {size(2), array(1), integers(ids)});
  CHECK_COMPLAINT(signature, "k: ids must be of the type Int32Array, not null", {size(2), array(2), null()});
}

TEST("a list has as many arrays as a size says, or as a list of sizes has, one of which goes with each") {
  const Signature signature("k", "n, outs, ys(outs)[n outs], zs(n)[2]",
                            {Kind::size, Kind::sizes, Kind::floatArrays, Kind::floatArrays});
  CHECK_COMPLAINT(signature, "", {size(2), sizes({3, 4, 5}), sizes({6, 8, 10}), sizes({2, 2})});
  CHECK_COMPLAINT(signature, "k: ys must have as many elements as outs = 3, not 2",
                  {size(2), sizes({3, 4, 5}), sizes({6, 8}), sizes({2, 2})});
  CHECK_COMPLAINT(signature, "k: ys[1] must have n · outs = 8 elements, not 7",
                  {size(2), sizes({3, 4, 5}), sizes({6, 7, 10}), sizes({2, 2})});
  CHECK_COMPLAINT(signature, "k: zs must have as many elements as n = 2, not 3",
                  {size(2), sizes({3}), sizes({6}), sizes({2, 2, 2})});
  CHECK_COMPLAINT(signature, "k: outs must have elements, not none", {size(2), sizes({}), sizes({}), sizes({2, 2})});
  CHECK_COMPLAINT(signature, "k: outs[1] must be a whole number from 1, not 0",
                  {size(2), sizes({3, 0}), sizes({6, 0}), sizes({2, 2})});
}

TEST("conditions of sizes") {
  const std::vector<Kind> kinds = {Kind::size, Kind::size, Kind::size};
  const Signature signature("k", "a, b, c; 2 a <= b, c % a, c is 1 or b, a in 0..3", kinds);
  CHECK_COMPLAINT(signature, "", {size(2), size(4), size(4)});
  CHECK_COMPLAINT(signature, "k: 2 · a must be at most b = 3, not 4", {size(2), size(3), size(3)});
  CHECK_COMPLAINT(signature, "k: c must be a multiple of a = 2, not 5", {size(2), size(5), size(5)});
  CHECK_COMPLAINT(signature, "k: c must be 1 or b = 8, not 4", {size(2), size(8), size(4)});
  CHECK_COMPLAINT(signature, "k: a must be from 0 to below 3, not 4", {size(4), size(8), size(8)});
}

TEST("conditions of integers name the first that breaks them") {
  const std::vector<Kind> kinds = {Kind::size, Kind::size, Kind::integers};
  const std::vector<int32_t> values = {-1, 2, 3, 0};
  const Signature in("k", "n, v, ids[n]; ids in -1..v", kinds);
  CHECK_COMPLAINT(in, "", {size(4), size(4), integers(values)});
  CHECK_COMPLAINT(in, "k: ids[2] must be from -1 to below v = 3, not 3", {size(4), size(3), integers(values)});

  const Signature riseTo("k", "n, v, offsets[n + 1]; offsets rise to v", kinds);
  const auto complaintOf = [&](const std::vector<int32_t>& offsets) {
    return complaint(riseTo, {size(static_cast<int64_t>(offsets.size()) - 1), size(4), integers(offsets)});
  };
  CHECK(complaintOf({0, 4}) == "");
  CHECK(complaintOf({0, 0, 3, 3, 4}) == "");
  CHECK(complaintOf({1, 4}) == "k: offsets[0] must rise from 0 to v = 4, not 1");
  CHECK(complaintOf({0, 3}) == "k: offsets[1] must rise from 0 to v = 4, not 3");
  CHECK(complaintOf({0, 5, 4}) == "k: offsets[2] must rise from 0 to v = 4, not 4");
  CHECK(complaintOf({0, -1, 4}) == "k: offsets[1] must rise from 0 to v = 4, not -1");

  const Signature riseWithin("k", "n, s, documentOffsets[n s]; documentOffsets rise within s", kinds);
  const auto refused = [&](const std::vector<int32_t>& documentOffsets) {
    return complaint(riseWithin, {size(2), size(3), integers(documentOffsets)}) != "";
  };
  CHECK(!refused({0, 0, 0, 0, 1, 2}));
  CHECK(refused({0, 2, 2, 0, 0, 0}));
  CHECK(refused({0, 1, 0, 0, 0, 0}));
  CHECK(refused({0, 0, 0, 1, 1, 1}));
  CHECK(refused({0, 0, -1, 0, 0, 0}));
}

TEST("a text that is no signature is refused, and does not crash") {
  CHECK(mistake("n, d, x[n d]", kMatrix) == "");
  CHECK(mistake("n, d, x[n e]", kMatrix) == "signature of the kernel k: a parameter's name is expected at \"e]\"");
  for (const char* text : {"", "n, d", "n, d, x", "n, d, x[n d], y", "n, d, x[]", "n, d, x[n d", "n, d, x[x]", "n d, x[n]", "n, d, x[n d];",
                           "n, d, x[n d]; x in 0..n", "n, d, x[n d]; n", "n, d, x[n d]; n <=", "n, d, x[n d]; n in 0", "n, d, x[n d] y"}) {
    CHECK(mistake(text, kMatrix) != "");
  }
  // An array that is no list has no single one of a list's sizes; a list has those of its own.
  CHECK(mistake("a, x[a]", {Kind::sizes, Kind::floats}) != "");
  CHECK(mistake("a, b, xs(a)[b]", {Kind::sizes, Kind::sizes, Kind::floatArrays}) != "");
}

TEST("a signature is a method of TypeScript") {
  const Signature signature("k", "precision, n, ns, x?[n], ids[n], ys(ns)[ns], factor, factors(n), centered",
                            {Kind::choice, Kind::size, Kind::sizes, Kind::floats, Kind::integers, Kind::floatArrays, Kind::number,
                             Kind::numbers, Kind::boolean});
  CHECK(signature.declaration() ==
        "k(precision: 0 | 1, n: Size, ns: readonly Size[], x: Float32Array | null, ids: Int32Array, ys: readonly Float32Array[], "
        "factor: number, factors: readonly number[], centered: boolean): void;");
}

}  // namespace arrowsmith::test
