#include "kernel-signature.h"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace arrowsmith {

/** Reads a signature's text from its beginning to its end. */
struct Signature::Parser {
  static constexpr size_t kNone = static_cast<size_t>(-1);

  const char* name;
  const char* at;
  std::vector<Parameter>& parameters;

  [[noreturn]] void fail(const std::string& expected) const {
    throw std::logic_error(std::string("signature of the kernel ") + name + ": " + expected + " is expected at \"" + at + "\"");
  }

  void skipSpaces() {
    while (*at == ' ') at++;
  }

  bool take(const char* text) {
    skipSpaces();
    const size_t length = std::strlen(text);
    if (std::strncmp(at, text, length) != 0) return false;
    at += length;
    return true;
  }

  void expect(const char* text) {
    if (!take(text)) fail(text);
  }

  bool isAtName() {
    skipSpaces();
    return std::isalpha(static_cast<unsigned char>(*at)) != 0;
  }

  std::string word() {
    if (!isAtName()) fail("a name");
    const char* const begin = at;
    while (std::isalnum(static_cast<unsigned char>(*at)) != 0) at++;
    return {begin, at};
  }

  int64_t integer() {
    skipSpaces();
    char* end;
    const int64_t value = std::strtoll(at, &end, 10);
    if (end == at) fail("a number");
    at = end;
    return value;
  }

  /** The parameter of a name. */
  size_t parameter() {
    const char* const begin = at;
    const std::string wanted = word();
    for (size_t i = 0; i < parameters.size(); i++) {
      if (parameters[i].name == wanted) return i;
    }
    at = begin;
    fail("a parameter's name");
  }

  /** @param list of sizes that may be named as well, each of which goes with an array of a list */
  size_t size(size_t list) {
    const char* const begin = at;
    const size_t found = parameter();
    if (parameters[found].kind == Kind::size || found == list) return found;
    at = begin;
    fail("a size");
  }

  Expression expression(size_t list = kNone) {
    Expression result;
    const auto add = [&](const std::string& text) { result.text += (result.text.empty() ? "" : " · ") + text; };
    for (;;) {
      skipSpaces();
      const char* const begin = at;
      if (isAtName()) {
        // The words of conditions end an expression.
        if (const std::string next = word(); next == "in" || next == "by" || next == "rise" || next == "differ" || next == "is" || next == "or") {
          at = begin;
          break;
        }
        at = begin;
        result.sizes.push_back(size(list));
        add(parameters[result.sizes.back()].name);
      } else if (std::isdigit(static_cast<unsigned char>(*at)) != 0) {
        const int64_t number = integer();
        result.factor *= number;
        add(std::to_string(number));
      } else {
        break;
      }
    }
    if (result.text.empty()) fail("a product");
    if (take("+")) {
      result.addend = integer();
      result.text += " + " + std::to_string(result.addend);
    }
    return result;
  }

  /** The names come first, as a length may be of sizes that come later. */
  void readNames(const std::vector<Kind>& kinds) {
    const char* const begin = at;
    do {
      if (parameters.size() == kinds.size()) fail("no further parameter");
      parameters.push_back({word(), kinds[parameters.size()], false, 1, {}, {}, 0, {}});
      while (*at != '\0' && *at != ',' && *at != ';') at++;
    } while (take(","));
    if (parameters.size() != kinds.size()) fail("another parameter");
    at = begin;
  }

  void readParameter(Parameter& parameter) {
    word();
    const Kind kind = parameter.kind;
    size_t list = kNone;
    const bool isList = kind == Kind::floatArrays || kind == Kind::integerArrays;
    if (isList || kind == Kind::numbers || kind == Kind::formats) {
      expect("(");
      const char* const begin = at;
      const size_t first = Parser::parameter();
      if (parameters[first].kind == Kind::sizes) list = first;
      at = begin;
      parameter.count = expression(list);
      expect(")");
    }
    if (kind == Kind::floats || kind == Kind::integers) parameter.isOptional = take("?");
    if (kind == Kind::floats || kind == Kind::integers || isList) {
      expect("[");
      parameter.length = expression(list);
      if (take("by ")) {
        parameter.columns = expression();
        expect("in ");
        parameter.format = Parser::parameter();
        if (parameters[parameter.format].kind != (isList ? Kind::formats : Kind::format)) fail("the end of a format");
      }
      expect("]");
    }
    if ((kind == Kind::size || kind == Kind::sizes) && take(">=")) parameter.least = integer();
  }

  Condition readCondition() {
    Condition condition{Relation::in, {}, {}, 0, 0};
    const char* const begin = at;
    if (isAtName()) {
      condition.subject = parameter();
      const Kind kind = parameters[condition.subject].kind;
      if (take("in ")) {
        if (kind != Kind::integers && kind != Kind::size) fail("a condition of what is no integer");
        condition.least = integer();
        expect("..");
        condition.right = expression();
        return condition;
      }
      if (take("differ")) {
        if (kind != Kind::integers) fail("a condition of what are no integers");
        condition.relation = Relation::differ;
        return condition;
      }
      if (take("rise ")) {
        if (kind != Kind::integers) fail("a condition of what are no integers");
        condition.relation = take("to") ? Relation::riseTo : Relation::riseWithin;
        if (condition.relation == Relation::riseWithin) expect("within");
        condition.right = expression();
        return condition;
      }
      at = begin;
    }
    condition.left = expression();
    if (take("<=")) {
      condition.relation = Relation::atMost;
    } else if (take("%")) {
      condition.relation = Relation::multiple;
    } else {
      expect("is 1 or");
      condition.relation = Relation::oneOr;
    }
    condition.right = expression();
    return condition;
  }
};

Signature::Signature(const char* name, const std::string& text, const std::vector<Kind>& kinds) : name_(name), text_(text) {
  Parser parser{name, text_.c_str(), parameters_};
  parser.readNames(kinds);
  for (size_t i = 0; i < parameters_.size(); i++) {
    if (i > 0) parser.expect(",");
    parser.readParameter(parameters_[i]);
  }
  if (parser.take(";")) {
    do conditions_.push_back(parser.readCondition());
    while (parser.take(","));
  }
  parser.skipSpaces();
  if (*parser.at != '\0') parser.fail("the end");
}

std::string Signature::typeOf(const Parameter& parameter) const {
  const std::string orNull = parameter.isOptional ? " | null" : "";
  switch (parameter.kind) {
    case Kind::size: return "Size";
    case Kind::sizes: return "readonly Size[]";
    case Kind::number: return "number";
    case Kind::numbers: return "readonly number[]";
    case Kind::choice: return "0 | 1";
    case Kind::boolean: return "boolean";
    case Kind::floats: return "Float32Array" + orNull;
    case Kind::integers: return "Int32Array" + orNull;
    case Kind::floatArrays: return "readonly Float32Array[]";
    case Kind::integerArrays: return "readonly Int32Array[]";
    case Kind::format: return "Format";
    case Kind::formats: return "readonly Format[]";
  }
  return "never";
}

std::string Signature::declaration() const {
  std::string parameters;
  for (const Parameter& each : parameters_) parameters += (parameters.empty() ? "" : ", ") + each.name + ": " + typeOf(each);
  return std::string(name_) + "(" + parameters + "): void;";
}

}  // namespace arrowsmith
