// Git's glob matching for paths: `*` and `?` stop at a slash, `**/`, `/**` and `/**/` cross them, [classes], backslash.
// Own code, because libgit2's copy needs exponential time on patterns such as `*a*a*a*b` and a task writes the
// patterns.
#pragma once

#include <string_view>

namespace coppice {

// Whether the whole of `text` matches. Time is bounded by pattern x text^2, space is constant.
bool wildmatch(std::string_view pattern, std::string_view text, bool foldCase);

// The length of the pattern's start in which no character is special.
size_t literalLength(std::string_view pattern);

// ASCII only, as git folds.
bool equalFolded(std::string_view a, std::string_view b, bool foldCase);

}  // namespace coppice
