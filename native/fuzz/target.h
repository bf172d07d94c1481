// What is fuzzed: FUZZ_TARGET(name) { ... } takes any bytes whatever, and may end in no other way than by returning. Each target
// is its own small world of files below a temporary folder; what it needs of git it makes with libgit2.
// Run by libFuzzer (libfuzzer_main.cc) with new bytes, and by the native tests with the bytes in corpus/.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "git/failure.h"

namespace coppice::fuzz {

/** Something that must never be, whatever the bytes. */
struct Violation : std::logic_error {
  using std::logic_error::logic_error;
};

inline void must(bool condition, const std::string& what) {
  if (!condition) throw Violation(what);
}

struct Target {
  std::string name;
  void (*body)(std::string_view bytes);
};

/** The targets of all translation units, in link order. */
std::vector<Target>& targets();

struct Registration {
  Registration(const char* name, void (*body)(std::string_view)) { targets().push_back({name, body}); }
};

/** Runs `body`; a Failure is an answer like any other. False: it failed. */
template <class Body>
bool answers(Body body) {
  try {
    body();
    return true;
  } catch (const Failure&) {
    return false;
  }
}

}  // namespace coppice::fuzz

#define FUZZ_TARGET(name)                                                                  \
  static void fuzz_##name(std::string_view bytes);                                         \
  static const ::coppice::fuzz::Registration registration_##name(#name, fuzz_##name);      \
  static void fuzz_##name(std::string_view bytes)
