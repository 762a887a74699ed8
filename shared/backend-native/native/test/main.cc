/** @file Runs all tests, or those whose sentence or file contains the first argument. Exit code 1 if one fails. */
#include "check.h"

namespace arrowsmith::test {
namespace {

constexpr int kShownFailures = 5;

/** Failed checks of the running test. */
int failures = 0;

const char* baseName(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

}  // namespace

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

void fail(const char* file, int line, const std::string& message) {
  if (failures++ < kShownFailures) std::cout << "  " << baseName(file) << ":" << line << ": " << message << "\n";
}

int runTests(const std::string& filter) {
  int ran = 0, failed = 0;
  for (const Test& test : tests()) {
    const std::string file = baseName(test.file);
    if ((file + ": " + test.sentence).find(filter) == std::string::npos) continue;
    failures = 0;
    test.run();
    ran++;
    if (failures == 0) continue;
    failed++;
    std::cout << "FAILED  " << file << ": " << test.sentence << " (" << failures << " checks)\n";
  }
  std::cout << ran << " tests, " << failed << " failed\n";
  return ran == 0 || failed > 0 ? 1 : 0;
}

}  // namespace arrowsmith::test

int main(int count, char** arguments) { return arrowsmith::test::runTests(count > 1 ? arguments[1] : ""); }
