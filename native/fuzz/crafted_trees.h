// Trees and blobs as the bytes of a fuzzer describe them, in a session's store.
//
// A byte of options (1: portable opening, 2: conflicts with content), then objects until the bytes or the room end, each begun by a
// byte: 0 a blob (a text with its length), 1 a blob of numbered lines (how many; how many are changed; each: which, its byte),
// 2 a sorted tree of entries, 3 a tree in these bytes exactly, 4 the tree before in so many folders as a number says,
// 5 the end, then the numbers of base, ours and theirs. An entry is a byte for its mode, a byte for its name (of the
// list, or from 200 on a text with its length), a byte that says which object, counted back from the newest.
#pragma once

#include <string_view>
#include <vector>

#include "fuzz/byte_source.h"
#include "git/session.h"

namespace coppice::fuzz {

class Crafted {
 public:
  Crafted(Handle& handle, std::string_view bytes);

  bool portable = false, content = false;
  Oid base{}, ours{}, theirs{};

 private:
  void addObject(unsigned kind);
  void addLines();
  void addTree();
  void addFolders();
  std::string_view name();
  Oid object(size_t back) const;
  Oid tree(size_t number) const;

  Handle& handle_;
  ByteSource source_;
  std::vector<Oid> objects_, trees_;
};

}  // namespace coppice::fuzz
