// The temporary folder of a test.
#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <system_error>

#include "test/check.h"

namespace coppice::test {

namespace fs = std::filesystem;

TempDirectory::TempDirectory() {
  std::string pattern = (fs::temp_directory_path() / "coppice-native-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), pattern);
  // Canonical, because libgit2 answers with canonical paths and $TMPDIR may go through a link.
  path_ = fs::canonical(pattern);
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TempDirectory::write(const std::string& name, const std::string& content) const {
  const fs::path target = path_ / name;
  fs::create_directories(target.parent_path());
  std::ofstream stream(target, std::ios::binary | std::ios::trunc);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + target.string());
}

std::string TempDirectory::read(const std::string& name) const {
  std::ifstream stream(path_ / name, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file(name));
  return std::string(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
}

}  // namespace coppice::test
