// What is fuzzed, with the inputs that are kept in native/fuzz/corpus: seeds, and whatever once found something.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/target.h"
#include "git/library.h"
#include "test/check.h"

using namespace coppice;
using namespace coppice::test;

namespace {

namespace fs = std::filesystem;

// The program lies in build/Release of a folder that has native/ in it, wherever it was compiled.
fs::path corpus() { return fs::canonical("/proc/self/exe").parent_path() / "../../native/fuzz/corpus"; }

}  // namespace

TEST(fuzz_targets_take_their_corpus) {
  if (!fs::exists("/proc/self/exe")) return;
  startLibrary();
  for (const fuzz::Target& target : fuzz::targets()) {
    size_t inputs = 0;
    for (const auto& file : fs::directory_iterator(corpus() / target.name)) {
      std::ifstream stream(file.path(), std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(stream), {});
      try {
        target.body(bytes);
      } catch (const fuzz::Violation& violation) {
        throw CheckFailed(file.path().string() + ": " + violation.what());
      }
      inputs++;
    }
    if (inputs == 0) throw CheckFailed("no inputs for " + target.name);
  }
}
