// Line ends and $Id$ between a blob and the worktree, byte for byte as git's convert.c does it. Git itself has two ways
// to expand $Id$ and they differ on "$$Id$": this follows the one in core, `git checkout` of a file without text=auto
// the other. Both ways give the same blob again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "oid.h"

namespace coppice {

// What is done to one path.
struct Conversion {
  enum class LineEnds {
    kAsTheyAre,  // binary, or nothing is said
    kLf,         // text, LF in the worktree
    kCrlf,       // text, CRLF in the worktree
    kAutoLf,     // the same two, but only where the content looks like text
    kAutoCrlf,
  };
  LineEnds lineEnds = LineEnds::kAsTheyAre;
  bool ident = false;
  bool encoding = false;          // working-tree-encoding names another encoding than UTF-8
  std::string filter;             // the configured filter's name, empty: none
  bool filterToWorktree = false;  // it has a command for this direction, or is required and has none
  bool filterToObject = false;

  // Whether the worktree's bytes are always the blob's.
  bool keepsBlob() const {
    return (lineEnds != LineEnds::kCrlf && lineEnds != LineEnds::kAutoCrlf) && !ident && !encoding && !filterToWorktree;
  }
  const char* unsupportedToWorktree() const { return filterToWorktree ? "filter" : encoding ? "encoding" : nullptr; }
  const char* unsupportedToObject() const { return filterToObject ? "filter" : encoding ? "encoding" : nullptr; }
};
bool operator==(const Conversion& a, const Conversion& b);

// nullopt: the bytes are right as they are.
std::optional<std::string> expandIdent(std::string_view bytes, const Oid& blobOid);
std::optional<std::string> collapseIdent(std::string_view bytes);
std::optional<std::string> lineEndsToWorktree(Conversion::LineEnds lineEnds, std::string_view bytes);
// `indexedHasCrlf`: text=auto leaves the line ends of a file alone whose content in the index has CRLF.
std::optional<std::string> lineEndsToObject(Conversion::LineEnds lineEnds, std::string_view bytes, bool indexedHasCrlf);

// What text=auto asks of a content.
bool isTextWithCrlf(std::string_view bytes);

}  // namespace coppice
