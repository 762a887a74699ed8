/** @file What a kernel is called with is held against its signature. */
#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "kernel-signature.h"
#include "stored-matrix.h"

namespace arrowsmith {
namespace {

/** Stands for all that is larger: no array has as many elements. */
constexpr int64_t kHuge = int64_t{1} << 62;

int64_t times(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? kHuge : std::min(product, kHuge);
}

std::string textOfSize(int64_t number) { return number == kHuge ? "a number beyond 2^62" : std::to_string(number); }

/** `n · d = 12`, or `12`. */
std::string withValue(const std::string& text, int64_t value) {
  const std::string number = textOfSize(value);
  return text == number ? number : text + " = " + number;
}

std::string element(const std::string& name, size_t i) { return name + "[" + std::to_string(i) + "]"; }

}  // namespace

std::string numberText(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.16g", number);
  return text;
}

void Signature::fail(const std::string& what, const std::string& expected, const std::string& found) const {
  throw std::out_of_range(std::string(name_) + ": " + what + " must " + expected + ", not " + found);
}

void Signature::refuse(size_t parameter, const std::string& found) const {
  const Parameter& refused = parameters_[parameter];
  const std::string type = refused.kind == Kind::size ? "number" : refused.kind == Kind::sizes ? "number[]" : typeOf(refused);
  throw std::invalid_argument(std::string(name_) + ": " + refused.name + " must be of the type " + type + ", not " + found);
}

int64_t Signature::valueOf(const Expression& expression, const Given* given, size_t element) {
  int64_t value = expression.factor;
  for (const size_t i : expression.sizes) value = times(value, given[i].list.empty() ? given[i].size : given[i].list[element]);
  return std::min(value, kHuge - expression.addend) + expression.addend;
}

int64_t Signature::lengthOf(const Parameter& parameter, const Given* given, size_t element) {
  const int64_t rows = valueOf(parameter.length, given, element);
  if (parameter.columns.text.empty()) return rows;
  const Format format = static_cast<Format>(given[parameter.format].list[element]);
  const int64_t columns = valueOf(parameter.columns, given), elements = times(rows, columns);
  // Four bytes for each of so many elements are beyond 2^62, too.
  return elements > kHuge / 8 || !takesRows(format, columns) ? kHuge : storedWords(format, rows, elements);
}

int64_t Signature::countOf(const Expression& expression, const Given* given) const {
  const bool isList = expression.sizes.size() == 1 && parameters_[expression.sizes[0]].kind == Kind::sizes;
  return isList ? given[expression.sizes[0]].length : valueOf(expression, given);
}

void Signature::checkSizes(const Parameter& parameter, const Given& given) const {
  const auto expected = [&] { return "be a whole number from " + std::to_string(parameter.least); };
  if (parameter.kind == Kind::size) {
    if (given.size < parameter.least) fail(parameter.name, expected(), numberText(given.number));
    return;
  }
  if (given.list.empty()) fail(parameter.name, "have elements", "none");
  for (size_t i = 0; i < given.list.size(); i++) {
    if (given.list[i] < parameter.least) fail(element(parameter.name, i), expected(), numberText(given.numbers[i]));
  }
}

void Signature::checkLengths(const Parameter& parameter, const Given& argument, const Given* given) const {
  const auto failLength = [&](const std::string& name, int64_t length, int64_t expected) {
    const bool isStored = !parameter.columns.text.empty();
    const std::string stored = parameter.length.text + " by " + parameter.columns.text + " in " + (isStored ? parameters_[parameter.format].name : "");
    fail(name, "have " + withValue(isStored ? stored : parameter.length.text, expected) + " elements", textOfSize(length));
  };
  if (!parameter.count.text.empty()) {
    const int64_t count = countOf(parameter.count, given);
    if (argument.length != count) {
      fail(parameter.name, "have as many elements as " + withValue(parameter.count.text, count), textOfSize(argument.length));
    }
  }
  if (parameter.length.text.empty() || argument.isNull) return;
  if (parameter.kind == Kind::floatArrays || parameter.kind == Kind::integerArrays) {
    for (size_t i = 0; i < argument.list.size(); i++) {
      const int64_t length = argument.list[i], expected = lengthOf(parameter, given, i);
      if (length != expected) failLength(element(parameter.name, i), length, expected);
    }
  } else if (const int64_t expected = lengthOf(parameter, given); argument.length != expected) {
    failLength(parameter.name, argument.length, expected);
  }
}

void Signature::checkDifferent(const Condition& condition, const Given* given) const {
  const Given& subject = given[condition.subject];
  std::vector<int32_t> sorted(subject.integers, subject.integers + subject.length);
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return;
  fail(parameters_[condition.subject].name, "have no element twice", std::to_string(*twice));
}

void Signature::checkIntegers(const Condition& condition, const Given* given, int64_t right) const {
  const Given& subject = given[condition.subject];
  const int32_t* const integers = subject.integers;
  for (int64_t i = 0; i < subject.length; i++) {
    const int64_t value = integers[i], before = i == 0 ? 0 : integers[i - 1];
    bool isRight;
    if (condition.relation == Relation::in) {
      isRight = value >= condition.least && value < right;
    } else if (condition.relation == Relation::riseTo) {
      isRight = value >= before && (i > 0 || value == 0) && (i < subject.length - 1 || value == right);
    } else {
      const int64_t place = i % right;
      isRight = value <= place && value >= (place == 0 ? 0 : before);
    }
    if (!isRight) fail(element(parameters_[condition.subject].name, static_cast<size_t>(i)), textOf(condition, right), textOfSize(value));
  }
}

std::string Signature::textOf(const Condition& condition, int64_t right) {
  const std::string limit = withValue(condition.right.text, right);
  switch (condition.relation) {
    case Relation::atMost: return "be at most " + limit;
    case Relation::multiple: return "be a multiple of " + limit;
    case Relation::oneOr: return "be 1 or " + limit;
    case Relation::in: return "be from " + std::to_string(condition.least) + " to below " + limit;
    case Relation::riseTo: return "rise from 0 to " + limit;
    case Relation::differ: return "have no element twice";
    case Relation::riseWithin: return "rise, and be at most its place in its row of " + limit;
  }
  return "";
}

void Signature::checkCondition(const Condition& condition, const Given* given) const {
  if (condition.relation == Relation::differ) return checkDifferent(condition, given);
  const int64_t right = valueOf(condition.right, given);
  if (condition.left.text.empty() && parameters_[condition.subject].kind == Kind::integers) {
    return checkIntegers(condition, given, right);
  }
  const bool ofSubject = condition.left.text.empty();
  const int64_t left = ofSubject ? given[condition.subject].size : valueOf(condition.left, given);
  bool isRight;
  switch (condition.relation) {
    case Relation::atMost: isRight = left <= right; break;
    case Relation::multiple: isRight = right != 0 && left % right == 0; break;
    case Relation::oneOr: isRight = left == 1 || left == right; break;
    default: isRight = left >= condition.least && left < right;
  }
  if (isRight) return;
  fail(ofSubject ? parameters_[condition.subject].name : condition.left.text, textOf(condition, right), textOfSize(left));
}

bool Signature::looksIntoArrays() const {
  return std::any_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
    const bool ofContent = condition.relation == Relation::in || condition.relation == Relation::riseTo ||
                           condition.relation == Relation::riseWithin || condition.relation == Relation::differ;
    return ofContent && parameters_[condition.subject].kind == Kind::integers;
  });
}

void Signature::check(const Given* given) const {
  for (size_t i = 0; i < parameters_.size(); i++) {
    const Parameter& parameter = parameters_[i];
    if (parameter.kind == Kind::size || parameter.kind == Kind::sizes) checkSizes(parameter, given[i]);
    if (given[i].isNull && !parameter.isOptional) refuse(i, "null");
  }
  for (size_t i = 0; i < parameters_.size(); i++) checkLengths(parameters_[i], given[i], given);
  for (const Condition& condition : conditions_) checkCondition(condition, given);
}

}  // namespace arrowsmith
