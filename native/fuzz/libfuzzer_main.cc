// libFuzzer's two functions. COPPICE_FUZZ_TARGET names the target; scripts/fuzz.mjs runs this.
#include <git2.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "fuzz/target.h"
#include "git/library.h"
#include "test/check.h"

namespace {

const coppice::fuzz::Target* chosen = nullptr;

// Nothing may depend on the configuration of whoever runs it.
void leaveUserConfiguration() {
  static const coppice::test::TempDirectory home;
  setenv("HOME", home.path().c_str(), 1);
  for (const char* name : {"XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_DIR"}) unsetenv(name);
  setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
  coppice::startLibrary();
  for (const git_config_level_t level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
                                         GIT_CONFIG_LEVEL_GLOBAL}) {
    if (git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, home.path().c_str()) != 0) abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* wanted = getenv("COPPICE_FUZZ_TARGET");
  const auto& all = coppice::fuzz::targets();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& target) { return wanted && target.name == wanted; });
  if (found == all.end()) {
    std::fprintf(stderr, "COPPICE_FUZZ_TARGET names no target; there are:\n");
    for (const auto& target : all) std::fprintf(stderr, "  %s\n", target.name.c_str());
    exit(2);
  }
  chosen = &*found;
  leaveUserConfiguration();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    chosen->body({reinterpret_cast<const char*>(data), size});
  } catch (const coppice::fuzz::Violation& violation) {
    std::fprintf(stderr, "VIOLATION: %s\n", violation.what());
    abort();
  } catch (const coppice::Failure& failure) {
    std::fprintf(stderr, "FAILURE: %s in %s: %s %s\n", failure.code.c_str(), failure.operation.c_str(), failure.message.c_str(),
                 failure.path.c_str());
    abort();
  }
  return 0;
}
