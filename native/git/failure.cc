// Where results of libgit2 and of the system become a Failure.
#include "failure.h"

#include <git2.h>
#include <git2/sys/errors.h>

#include <cerrno>
#include <cstring>

namespace coppice {

namespace {

// By libgit2's return code first and its class second: the text is for people only.
const char* codeOf(int result, int errorClass) {
  switch (result) {
    case GIT_ENOTFOUND:
      return failure_code::kNotFound;
    case GIT_EEXISTS:
      return failure_code::kExists;
    case GIT_ELOCKED:
      return failure_code::kLocked;
    case GIT_EINVALIDSPEC:
    case GIT_EAMBIGUOUS:
    case GIT_EINVALID:
      return failure_code::kInvalid;
    case GIT_EMISMATCH:
      return failure_code::kCorrupt;
    case GIT_EOWNER:
      return failure_code::kUnsupportedRepository;
    default:
      return errorClass == GIT_ERROR_ZLIB ? failure_code::kCorrupt : failure_code::kLibgit2;
  }
}

}  // namespace

int check(int result, const char* operation, const std::string& path) {
  if (result >= 0) return result;
  Failure failure;
  // git_error_last may be null or left over from an earlier call; a code without a text is still a failure.
  const git_error* last = git_error_last();
  if (last != nullptr && last->message != nullptr) {
    failure.message = last->message;
    failure.errorClass = last->klass;
  }
  if (failure.message.empty()) failure.message = "libgit2 gave no reason";
  failure.code = codeOf(result, failure.errorClass);
  failure.number = result;
  failure.operation = operation;
  failure.path = path;
  git_error_clear();
  throw failure;
}

void failSystem(const char* operation, const std::string& path) {
  const int number = errno;
  Failure failure;
  failure.code = number == ENOSPC || number == EDQUOT ? failure_code::kNoSpace : failure_code::kSystem;
  failure.number = number;
  // strerror is not safe beside other threads; the reentrant form here is GNU's or POSIX's, by platform.
  char buffer[256] = "";
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
  failure.message = strerror_r(number, buffer, sizeof buffer);
#else
  failure.message = strerror_r(number, buffer, sizeof buffer) == 0 ? buffer : "system error";
#endif
  failure.operation = operation;
  failure.path = path;
  throw failure;
}

void fail(const char* code, const char* operation, const std::string& message, const std::string& path) {
  Failure failure;
  failure.code = code;
  failure.message = message;
  failure.operation = operation;
  failure.path = path;
  throw failure;
}

}  // namespace coppice
