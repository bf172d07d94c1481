// A loose object. Input: a byte. Even: the rest is the file. Odd: the rest is what the file holds once inflated, and the name is
// right.
#include "fuzz/byte_source.h"
#include "fuzz/target.h"
#include "git/checksum.h"
#include "git/deflater.h"
#include "git/loose_object.h"
#include "test/check.h"

using namespace coppice;
using namespace coppice::fuzz;

namespace {

std::string deflated(std::string_view text) {
  Deflater deflater(1);
  std::string packed;
  deflater.compress(text, Cancel(), [&](std::string_view piece) { packed += piece; });
  return packed;
}

}  // namespace

FUZZ_TARGET(loose) {
  static const test::TempDirectory folder;
  ByteSource source(bytes);
  const bool right = source.byte() % 2 == 1;
  const std::string_view text = source.rest();
  Oid oid{};
  const Checksum::Digest digest = Checksum::of(text);
  std::copy(digest.begin(), digest.end(), oid.id);
  const std::string hex = toHex(oid), name = hex.substr(0, 2) + "/" + hex.substr(2);
  folder.write(name, right ? deflated(text) : std::string(text));
  answers([&] {
    const auto object = readLooseObject(folder.path().string(), oid);
    must(object.has_value(), "a file that is there is not found");
    must(right, "an object of another name");
    must(text.size() > object->data.size() && text.substr(text.size() - object->data.size()) == object->data, "other data");
    must(text[text.size() - object->data.size() - 1] == '\0', "the data begin too early or too late");
  });
  std::filesystem::remove_all(folder.path() / hex.substr(0, 2));
}
