#include "async_call.h"

#include "environment.h"

namespace coppice {

void Call::run() noexcept {
  try {
    cancel.check(operation);
    work();
  } catch (...) {
    setFailure(currentFailure(operation));
  }
  session_->environment->finish(*this);  // from here on the JavaScript thread may delete this call
}

void Call::setCancelled() noexcept {
  try {
    cancel.check(operation);
  } catch (...) {
    setFailure(currentFailure(operation));
  }
}

void Call::settle(napi_env env) noexcept {
  napi_value value = nullptr;
  if (!failure_) {
    try {
      value = reply(env);
    } catch (...) {
      setFailure(currentFailure(operation));
    }
  }
  if (failure_) value = toError(env, *failure_);
  if (value == nullptr) return;  // the thread is being terminated: nobody is left to tell
  const napi_status status =
      failure_ ? napi_reject_deferred(env, deferred, value) : napi_resolve_deferred(env, deferred, value);
  if (status != napi_ok) {
    // Only a terminating thread refuses. An exception is Node's own then, and must not reach this callback.
    napi_value exception = nullptr;
    napi_get_and_clear_last_exception(env, &exception);
  }
}

void readArguments(napi_env env, napi_callback_info info, size_t count, CallArguments& arguments) {
  napi_value values[2] = {nullptr, nullptr};
  size_t given = 2;
  void* operation = nullptr;
  must(env, napi_get_cb_info(env, info, &given, values, &arguments.self, &operation), "call");
  arguments.operation = static_cast<const char*>(operation);
  if (given != count) {
    fail(failure_code::kInvalid, arguments.operation,
         "expected " + std::to_string(count) + " argument(s), got " + std::to_string(given));
  }
  read(env, values[0], FieldPath{nullptr, "call"}, arguments.number);
  arguments.request = values[1];
}

}  // namespace coppice
