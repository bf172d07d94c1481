// Node-API with every status checked. A call that fails throws a Failure, so that conversions read straight down;
// whoever stands at the border (async_call, module.cc) catches it. Node-API is C: nothing may be thrown through it.
#pragma once

#include <node_api.h>

#include "git/failure.h"

namespace coppice {

// Throws SYSTEM with Node-API's own words. A JavaScript exception that is pending (a getter threw, the thread is being
// terminated) is taken away first, because nothing else can be asked of the engine while it is there.
void must(napi_env env, napi_status status, const char* operation);

// The exception being handled, as a Failure. Only inside a catch block.
Failure currentFailure(const char* operation) noexcept;

// A JavaScript Error with { code, number, class, operation, path } as properties. nullptr when the engine cannot make
// one any more.
napi_value toError(napi_env env, const Failure& failure) noexcept;

// Runs `body` as the body of a Node-API callback: what it throws becomes a JavaScript exception.
template <class Body>
napi_value throwing(napi_env env, const char* operation, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    napi_value error = toError(env, currentFailure(operation));
    if (error != nullptr) napi_throw(env, error);  // fails only while the thread is being terminated
    return nullptr;
  }
}

// Values made inside do not outlive it: bounds the handles of a long array to those of one element.
class HandleScope {
 public:
  explicit HandleScope(napi_env env) : env_(env) { must(env, napi_open_handle_scope(env, &scope_), "HandleScope"); }
  ~HandleScope() { napi_close_handle_scope(env_, scope_); }
  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;

 private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
};

}  // namespace coppice
