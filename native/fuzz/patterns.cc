// Texts that a task writes and that decide about paths and contents: attributes, ignore rules, globs, line ends and $Id$.
// Input: a byte says which; then texts with their length before them.
#include "fuzz/byte_source.h"
#include "fuzz/target.h"
#include "git/attribute_rules.h"
#include "git/conversion.h"
#include "git/ignore_rules.h"
#include "git/wildmatch.h"

using namespace coppice;
using namespace coppice::fuzz;

namespace {

void attributes(ByteSource source) {
  AttributeRules rules({"text", "eol", "merge", "filter", "ident"}, source.byte() % 2 == 1);
  rules.add(AttributeRules::Place::kMachine, "", source.longText());
  rules.add(AttributeRules::Place::kDirectory, "", source.longText());
  rules.add(AttributeRules::Place::kDirectory, "dir", source.longText());
  rules.add(AttributeRules::Place::kInfo, "", source.longText());
  rules.finish();
  for (const std::string_view path : {source.shortText(), source.shortText(), std::string_view("dir/sub/file.txt")})
    must(rules.valuesOf(path).size() == 5, "another number of values");
}

void ignoreRules(ByteSource source) {
  const bool isDirectory = source.byte() % 2 == 1, foldCase = source.byte() % 2 == 1;
  const std::string_view path = source.shortText();
  const IgnoreRules rules(source.rest());
  rules.decide(path, isDirectory, foldCase);
  rules.decide("dir/sub/file.txt", isDirectory, foldCase);
}

void globs(ByteSource source) {
  const bool foldCase = source.byte() % 2 == 1;
  const std::string_view pattern = source.shortText(), text = source.rest();
  const bool matched = wildmatch(pattern, text, foldCase);
  if (literalLength(pattern) == pattern.size()) must(matched == equalFolded(pattern, text, foldCase), "a name matches another one");
  if (matched && !foldCase) must(wildmatch(pattern, text, false) && wildmatch("**", text, false), "it matches sometimes");
}

void conversions(ByteSource source) {
  using LineEnds = Conversion::LineEnds;
  const auto lineEnds = static_cast<LineEnds>(source.byte() % 5);
  const std::string_view text = source.rest();
  const Oid oid{};
  const std::string worktree = lineEndsToWorktree(lineEnds, text).value_or(std::string(text));
  const std::string object = lineEndsToObject(lineEnds, worktree, false).value_or(worktree);
  must(!lineEndsToObject(lineEnds, object, false), "line ends are normalised twice");
  // No law holds for $Id$: git itself makes "$Id$" of "$Id: a$Id: b$" only at the second time.
  expandIdent(text, oid);
  collapseIdent(text);
  isTextWithCrlf(text);
}

}  // namespace

FUZZ_TARGET(patterns) {
  ByteSource source(bytes);
  const unsigned which = source.byte() % 4;
  if (which == 0) attributes(source);
  if (which == 1) ignoreRules(source);
  if (which == 2) globs(source);
  if (which == 3) conversions(source);
}
