/**
 * @file Signatures of kernels, and the checks of what a kernel is called with: before it runs, so that it reads and writes within its
 * arrays. Needs nothing of Node.
 *
 * A signature is a text of parameters and conditions, such as
 *
 *     "n, k, d, slots[n k], weights?[n k], x[n d], y[n k d]; slots in 0..n k"
 *
 * Parameters, in order; of which kind each is, C++'s type says:
 *
 *     n               a size: a whole number from 1, so that none can be larger than the arrays that it is a factor of
 *     window>=0       … from 0
 *     outs            a list of sizes, not empty
 *     x[2 n d]        an array of exactly 2 n d elements; also [groups + 1]
 *     weights?[n k]   … or null
 *     xs(count)[n d]  a list of `count` arrays of n d elements each
 *     dYs(outs)[n outs]  a list of as many arrays as outs has sizes, of which number i has n outs[i] elements
 *     formats(outs)   a list of as many formats of stored matrices (stored-matrix.h)
 *     words(outs)[outs by input in formats]  a list of arrays that store matrices [outs[i], input], each in its format; also of one array and format
 *
 * Conditions:
 *
 *     2 rotaryPairs <= headDim
 *     heads % kvHeads           is a multiple of it
 *     countA is 1 or count
 *     ids in 0..v               each integer, or the size, is at least 0 and less than v
 *     offsets rise to n         integers: the first is 0, the last n, and none less than the one before it
 *     at differ                 integers: none is there twice
 *     documentOffsets rise within s      integers: of each row of s, none is negative, more than its place in the row, or less than the one before it
 */
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace arrowsmith {

/** What a parameter is, by its C++ type. */
enum class Kind { size, sizes, number, numbers, choice, boolean, floats, integers, floatArrays, integerArrays, format, formats };

/** What is to be checked of an argument. */
struct Given {
  /** As it was given, of a size; for messages. */
  double number = 0;
  /** A size; −1 for what is none. */
  int64_t size = 0;
  /** Elements of an array, or of a list. */
  int64_t length = 0;
  bool isNull = false;
  /** The array itself, where its integers have conditions. */
  const int32_t* integers = nullptr;
  /** The sizes of a list of sizes, the lengths of a list of arrays, a format or a list of them. */
  std::vector<int64_t> list;
  /** The sizes as they were given. */
  std::vector<double> numbers;
};

/** As JavaScript would print it. */
std::string numberText(double number);

class Signature {
 public:
  /** @throws std::logic_error for a text that is none, or does not go with the kinds */
  Signature(const char* name, const std::string& text, const std::vector<Kind>& kinds);

  /** The kernel's. */
  const char* name() const { return name_; }

  const std::string& text() const { return text_; }

  /** The kernel as a method of a TypeScript interface. */
  std::string declaration() const;

  /** @throws std::invalid_argument, which says that the parameter must not be what was found */
  [[noreturn]] void refuse(size_t parameter, const std::string& found) const;

  /**
   * @param given for each parameter
   * @throws std::out_of_range for a size, a length or an integer that is not as it must be, std::invalid_argument for a null
   */
  void check(const Given* given) const;

  /** Whether {@link check} depends on what is in arrays. */
  bool looksIntoArrays() const;

 private:
  /** A product of numbers and sizes, and something added. */
  struct Expression {
    int64_t factor = 1, addend = 0;
    /** Indices of parameters. */
    std::vector<size_t> sizes;
    std::string text;
  };

  struct Parameter {
    std::string name;
    Kind kind;
    bool isOptional = false;
    /** The least that a size may be. */
    int64_t least = 1;
    Expression length;
    /** Of a stored matrix, whose rows are `length` then; and the parameter that is its format. */
    Expression columns;
    size_t format = 0;
    /** Of a list. */
    Expression count;
  };

  enum class Relation { atMost, multiple, oneOr, in, riseTo, riseWithin, differ };

  struct Condition {
    Relation relation;
    Expression left, right;
    /** The parameter on the left, where that is one. */
    size_t subject;
    /** The least that integers may be. */
    int64_t least;
  };

  struct Parser;

  static int64_t valueOf(const Expression& expression, const Given* given, size_t element = 0);
  static std::string textOf(const Condition& condition, int64_t right);
  static int64_t lengthOf(const Parameter& parameter, const Given* given, size_t element = 0);
  int64_t countOf(const Expression& expression, const Given* given) const;
  std::string typeOf(const Parameter& parameter) const;
  void checkSizes(const Parameter& parameter, const Given& given) const;
  void checkLengths(const Parameter& parameter, const Given& argument, const Given* given) const;
  void checkCondition(const Condition& condition, const Given* given) const;
  void checkDifferent(const Condition& condition, const Given* given) const;
  void checkIntegers(const Condition& condition, const Given* given, int64_t right) const;
  [[noreturn]] void fail(const std::string& what, const std::string& expected, const std::string& found) const;

  const char* name_;
  std::string text_;
  std::vector<Parameter> parameters_;
  std::vector<Condition> conditions_;
};

}  // namespace arrowsmith
