// One call from JavaScript, from its arguments to its settled promise. Which part runs where:
//   constructor, settle   JavaScript thread (values of V8 are touched here only)
//   run, work             a thread of the session's pool (plain structs, no V8)
// Rejected: Napi::AsyncWorker. Terminating a worker thread while one is in flight aborts the process, and it runs on
// libuv's four threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "convert.h"
#include "git/cancel.h"
#include "git/session.h"
#include "session_handle.h"
#include "thread_pool.h"

namespace coppice {

// What every method gets: `(call, request)` on a session.
struct CallArguments {
  napi_value self = nullptr;
  uint32_t number = 0;  // the caller's name for this call, to cancel it by
  napi_value request = nullptr;
  const char* operation = "call";
};

class Call : public ThreadPool::Task {
 public:
  Call(std::shared_ptr<SessionHandle> session, const CallArguments& arguments)
      : number(arguments.number), operation(arguments.operation), session_(std::move(session)) {}
  virtual ~Call() = default;

  void run() noexcept final;
  void setFailure(Failure failure) noexcept { failure_ = std::move(failure); }
  void setCancelled() noexcept;
  void settle(napi_env env) noexcept;
  const std::shared_ptr<SessionHandle>& session() const { return session_; }

  const uint32_t number;
  const char* const operation;
  Cancel cancel;
  napi_deferred deferred = nullptr;
  Call* nextFinished = nullptr;  // a list without allocation: handing over a finished call must not fail

 protected:
  virtual void work() = 0;                      // throws
  virtual napi_value reply(napi_env env) = 0;  // throws

 private:
  std::shared_ptr<SessionHandle> session_;
  std::optional<Failure> failure_;
};

// The one template behind every operation of git/operations.h.
template <class Reply, class Request>
class OperationCall final : public Call {
 public:
  using Operation = Reply (*)(Session&, const Request&, const Cancel&);

  OperationCall(napi_env env, Operation operation, std::shared_ptr<SessionHandle> session,
                const CallArguments& arguments)
      : Call(std::move(session), arguments), operation_(operation) {
    read(env, arguments.request, FieldPath{nullptr, "request"}, request_);
  }

 private:
  void work() override { reply_ = operation_(*session()->session, request_, cancel); }
  napi_value reply(napi_env env) override { return write(env, reply_); }

  Operation operation_;
  Request request_;
  Reply reply_;
};

// Throws INVALID unless there are exactly `count` arguments of `(call, request)`; `operation` is set in any case.
void readArguments(napi_env env, napi_callback_info info, size_t count, CallArguments& arguments);

// The body of every asynchronous method: gives a promise at once; whatever `makeCall(arguments)` or `begin` throws
// rejects it, so that a caller has one way to learn of a failure.
template <class MakeCall>
napi_value startCall(napi_env env, napi_callback_info info, size_t count, MakeCall makeCall,
                     void (SessionHandle::*begin)(napi_env, std::unique_ptr<Call>)) noexcept {
  return throwing(env, "call", [&]() -> napi_value {
    napi_value promise = nullptr;
    napi_deferred deferred = nullptr;
    must(env, napi_create_promise(env, &deferred, &promise), "call");
    CallArguments arguments;
    try {
      readArguments(env, info, count, arguments);
      std::unique_ptr<Call> call = makeCall(arguments);
      call->deferred = deferred;
      const std::shared_ptr<SessionHandle> session = call->session();
      ((*session).*begin)(env, std::move(call));
    } catch (...) {
      Failure failure = currentFailure(arguments.operation);
      failure.operation = arguments.operation;
      napi_value error = toError(env, failure);
      if (error != nullptr) must(env, napi_reject_deferred(env, deferred, error), arguments.operation);
    }
    return promise;
  });
}

}  // namespace coppice
