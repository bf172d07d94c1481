// A git delta between two versions of one object: what they share at the start and at the end is copied, and between two
// changes when no byte was added or removed before them (a directory in which only object names changed).
// Rejected: a search by hashes as git's diff-delta. It finds moved bytes too, at ten times the cost, and the versions of a
// directory or of an edited file hardly move any.
#pragma once

#include <string>
#include <string_view>

namespace coppice {

// The instructions that make `target` from `base`; empty when they would not be less than half of `target`.
std::string deltaBetween(std::string_view base, std::string_view target);

}  // namespace coppice
