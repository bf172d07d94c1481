// Runs the native tests: native_test [part of a name ...]. Exit code 1 when a test failed or none matched.
#include <git2.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include "git/failure.h"
#include "test/check.h"

namespace coppice::test {

std::vector<Test>& tests() {
  static std::vector<Test> list;
  return list;
}

namespace {

// No test may depend on the configuration, identity or repository of whoever runs it.
void leaveUserConfiguration(const TempDirectory& home) {
  for (const char* name : {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"}) unsetenv(name);
  setenv("HOME", home.path().c_str(), 1);
  for (int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
                    GIT_CONFIG_LEVEL_GLOBAL}) {
    if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, home.path().c_str()) != 0)
      throw std::runtime_error("libgit2 refused a configuration search path");
  }
}

bool matches(const std::string& name, const std::vector<std::string>& filters) {
  if (filters.empty()) return true;
  return std::any_of(filters.begin(), filters.end(),
                     [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

/** What went wrong, or an empty text. */
std::string failureOf(const Test& test) {
  try {
    test.body();
    return "";
  } catch (const Failure& failure) {
    return failure.code + " in " + failure.operation + ": " + failure.message + " " + failure.path;
  } catch (const std::exception& error) {
    return std::string(error.what()).empty() ? "an exception without a message" : error.what();
  } catch (...) {
    return "something thrown that is no std::exception";
  }
}

int run(const std::vector<std::string>& filters) {
  int passed = 0;
  int failed = 0;
  for (const Test& test : tests()) {
    if (!matches(test.name, filters)) continue;
    const std::string failure = failureOf(test);
    failure.empty() ? ++passed : ++failed;
    if (!failure.empty()) std::printf("FAILED %s\n       %s\n", test.name.c_str(), failure.c_str());
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace coppice::test

int main(int argc, char** argv) {
  if (git_libgit2_init() < 1) {
    std::fprintf(stderr, "libgit2 did not start\n");
    return 1;
  }
  int code = 1;
  {
    const coppice::test::TempDirectory home;
    coppice::test::leaveUserConfiguration(home);
    code = coppice::test::run({argv + 1, argv + argc});
  }
  git_libgit2_shutdown();
  return code;
}
