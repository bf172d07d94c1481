// What every function in native/git throws when it cannot do its work. The binding turns it into plain data at the
// N-API border; nothing here may cross a C callback. Conflict, unchanged, lost race and blocked are never failures.
#pragma once

#include <string>

namespace coppice {

// The stable words that cross the border. src/git/convert-error.ts maps each to a CoppiceError code; a test keeps both
// lists equal, so a new word is added in both places at once.
namespace failure_code {
inline constexpr const char* kCancelled = "CANCELLED";
inline constexpr const char* kClosed = "CLOSED";
inline constexpr const char* kDeadline = "DEADLINE";
inline constexpr const char* kNotARepository = "NOT_A_REPOSITORY";
inline constexpr const char* kUnsupportedRepository = "UNSUPPORTED_REPOSITORY";
inline constexpr const char* kNotFound = "NOT_FOUND";
inline constexpr const char* kInvalid = "INVALID";
inline constexpr const char* kExists = "EXISTS";
inline constexpr const char* kMounted = "MOUNTED";
inline constexpr const char* kLocked = "LOCKED";
inline constexpr const char* kCorrupt = "CORRUPT";
inline constexpr const char* kUnsafePath = "UNSAFE_PATH";
inline constexpr const char* kUnsupportedFilter = "UNSUPPORTED_FILTER";
inline constexpr const char* kLimit = "LIMIT";
inline constexpr const char* kNoSpace = "NO_SPACE";
inline constexpr const char* kSystem = "SYSTEM";
inline constexpr const char* kLibgit2 = "LIBGIT2";
}  // namespace failure_code

struct Failure {
  std::string code;       // one of failure_code
  int number = 0;         // libgit2's return code, or errno for SYSTEM and NO_SPACE, else 0
  int errorClass = 0;     // libgit2's GIT_ERROR_* class, else 0
  std::string message;    // what went wrong, in words, without the path
  std::string operation;  // the function of ours that was at work, e.g. "land.moveTarget"
  std::string path;       // the file, ref or worktree it was about, or empty
};

// Throws a Failure made from libgit2's thread-local error if `result` is negative; returns `result` otherwise.
// Captures the error text before anything else can run, because any later libgit2 call may overwrite it.
int check(int result, const char* operation, const std::string& path = {});

// Throws a Failure made from errno (ENOSPC and EDQUOT become NO_SPACE, the rest SYSTEM).
[[noreturn]] void failSystem(const char* operation, const std::string& path = {});

[[noreturn]] void fail(const char* code, const char* operation, const std::string& message, const std::string& path = {});

}  // namespace coppice
