#include "engine.h"

#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "text.h"

namespace coppice {

namespace {

// Each step only if all before it went well; a terminating thread refuses any of them.
class ErrorBuilder {
 public:
  ErrorBuilder(napi_env env, const Failure& failure) : env_(env) {
    const napi_value code = text(failure.code);
    const napi_value message = text(failure.message);
    if (ok_) ok_ = napi_create_error(env_, code, message, &error_) == napi_ok;
    set("number", number(failure.number));
    set("class", number(failure.errorClass));
    set("operation", text(failure.operation));
    set("path", text(failure.path));
  }
  napi_value error() const { return ok_ ? error_ : nullptr; }

 private:
  napi_value text(const std::string& bytes) {
    napi_value value = nullptr;
    const std::u16string wide = toUtf16(bytes);
    if (ok_) ok_ = napi_create_string_utf16(env_, wide.data(), wide.size(), &value) == napi_ok;
    return value;
  }
  napi_value number(int32_t number) {
    napi_value value = nullptr;
    if (ok_) ok_ = napi_create_int32(env_, number, &value) == napi_ok;
    return value;
  }
  void set(const char* name, napi_value value) {
    if (ok_) ok_ = napi_set_named_property(env_, error_, name, value) == napi_ok;
  }

  napi_env env_;
  napi_value error_ = nullptr;
  bool ok_ = true;
};

}  // namespace

void must(napi_env env, napi_status status, const char* operation) {
  if (status == napi_ok) return;
  std::string message = "Node-API refused (status " + std::to_string(status) + ")";
  const napi_extended_error_info* info = nullptr;
  if (napi_get_last_error_info(env, &info) == napi_ok && info->error_message != nullptr) message = info->error_message;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) {
    napi_value exception = nullptr;
    napi_get_and_clear_last_exception(env, &exception);
  }
  fail(failure_code::kSystem, operation, message);
}

Failure currentFailure(const char* operation) noexcept try {
  try {
    throw;
  } catch (const Failure& failure) {
    return failure;
  } catch (const std::bad_alloc&) {
    return Failure{failure_code::kSystem, ENOMEM, 0, "out of memory", operation, ""};
  } catch (const std::system_error& error) {
    return Failure{failure_code::kSystem, error.code().value(), 0, error.what(), operation, ""};
  } catch (const std::exception& error) {
    return Failure{failure_code::kSystem, 0, 0, error.what(), operation, ""};
  } catch (...) {
    return Failure{failure_code::kSystem, 0, 0, "something was thrown that is no exception", operation, ""};
  }
} catch (...) {
  return {};  // no memory even for the words; an empty code becomes ERR_NATIVE
}

napi_value toError(napi_env env, const Failure& failure) noexcept try {
  return ErrorBuilder(env, failure).error();
} catch (...) {
  return nullptr;
}

}  // namespace coppice
