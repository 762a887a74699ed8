#include "dry-run.h"

#include <algorithm>
#include <array>

#include "parallel.h"

namespace arrowsmith {
namespace {

/** Of a buffer, what the calling thread and what each thread that works on pieces asked for at most. */
struct Need {
  size_t here = 0, onEachThread = 0;
};

struct DryRun {
  bool isOn = false, isPiece = false;
  std::array<Need, static_cast<size_t>(Scratch::count)> needs{};
};

/** Of the calling thread: other threads of the process may compute meanwhile. */
thread_local DryRun dryRun;

Need& needOf(Scratch name) { return dryRun.needs[static_cast<size_t>(name)]; }

}  // namespace

void beginDryRun() { dryRun = {true, false, {}}; }

int64_t endDryRun() {
  int64_t total = 0;
  for (const Need& need : dryRun.needs) {
    total += static_cast<int64_t>(std::max(need.here, need.onEachThread));
    total += (threads() - 1) * static_cast<int64_t>(need.onEachThread);
  }
  dryRun = {};
  freeScratchOfDryRun();
  return total;
}

bool isDryRun() { return dryRun.isOn; }

void needOnEachThread(Scratch name, size_t bytes) {
  if (isDryRun()) needOf(name).onEachThread = std::max(needOf(name).onEachThread, bytes);
}

void countOnEachThread(bool does) { dryRun.isPiece = does; }

void needHere(Scratch name, size_t bytes) {
  if (dryRun.isPiece) return needOnEachThread(name, bytes);
  if (isDryRun()) needOf(name).here = std::max(needOf(name).here, bytes);
}

}  // namespace arrowsmith
