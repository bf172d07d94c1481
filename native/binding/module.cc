// The exports table of the addon. src/git/native.ts declares the same names in the same order.
#include <git2.h>
#include <node_api.h>

#include <iterator>

#include "async_call.h"
#include "environment.h"
#include "git/operations.h"
#include "session_handle.h"
#include "session_object.h"

namespace coppice {

namespace {

class OpenCall final : public Call {
 public:
  OpenCall(napi_env env, const CallArguments& arguments, OpenRequest request)
      : Call(std::make_shared<SessionHandle>(Environment::of(env), request.threads), arguments),
        request_(std::move(request)) {}

 private:
  void work() override { session()->session = Session::open(request_, cancel); }
  napi_value reply(napi_env env) override { return newSessionObject(env, session()); }

  OpenRequest request_;
};

class CloseCall final : public Call {
 public:
  using Call::Call;

 private:
  void work() override { session()->session.reset(); }  // releases landings and claims
  napi_value reply(napi_env env) override {
    Done done;
    return write(env, done);
  }
};

napi_value openSession(napi_env env, napi_callback_info info) noexcept {
  const auto makeCall = [&](const CallArguments& arguments) {
    OpenRequest request;
    read(env, arguments.request, FieldPath{nullptr, "request"}, request);
    return std::make_unique<OpenCall>(env, arguments, std::move(request));
  };
  return startCall(env, info, 2, makeCall, &SessionHandle::begin);
}

napi_value closeSession(napi_env env, napi_callback_info info) noexcept {
  const auto makeCall = [&](const CallArguments& arguments) {
    return std::make_unique<CloseCall>(sessionOf(env, arguments.self), arguments);
  };
  return startCall(env, info, 1, makeCall, &SessionHandle::beginClosing);
}

template <class Reply, class Request>
napi_value startOperation(napi_env env, napi_callback_info info,
                          Reply (*operation)(Session&, const Request&, const Cancel&)) noexcept {
  const auto makeCall = [&](const CallArguments& arguments) {
    return std::make_unique<OperationCall<Reply, Request>>(env, operation, sessionOf(env, arguments.self), arguments);
  };
  return startCall(env, info, 2, makeCall, &SessionHandle::begin);
}

napi_value cancel(napi_env env, napi_callback_info info) noexcept {
  return throwing(env, "cancel", [&] {
    CallArguments arguments;
    readArguments(env, info, 1, arguments);
    bool found = sessionOf(env, arguments.self)->cancel(env, arguments.number);
    return write(env, found);
  });
}

struct Version {
  std::string libgit2 = LIBGIT2_VERSION;
  std::string addon = COPPICE_VERSION;

  template <class Visitor>
  void fields(Visitor& visit) {
    visit("libgit2", libgit2);
    visit("addon", addon);
  }
};

napi_value version(napi_env env, napi_callback_info) noexcept {
  return throwing(env, "version", [&] {
    Version version;
    return write(env, version);
  });
}

napi_property_descriptor method(const char* name, napi_callback callback) {
  // The name is the method's data too: it is the operation that a failure names.
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, const_cast<char*>(name)};
}

template <auto Operation>
napi_property_descriptor operation(const char* name) {
  return method(
      name, [](napi_env env, napi_callback_info info) noexcept { return startOperation(env, info, Operation); });
}

// git/operations.h, line by line.
const napi_property_descriptor kSessionMethods[] = {
    operation<describe>("describe"),
    operation<resolve>("resolve"),
    operation<commit>("commit"),
    operation<editTextTree>("editTextTree"),
    operation<readText>("readText"),
    operation<readBlob>("readBlob"),
    operation<listTreePaths>("listTreePaths"),
    operation<readEntries>("readEntries"),
    operation<hasMoved>("hasMoved"),
    operation<findInHistory>("findInHistory"),
    operation<flush>("flush"),
    operation<consolidate>("consolidate"),
    operation<listRefs>("listRefs"),
    operation<diff>("diff"),
    operation<addWorktree>("addWorktree"),
    operation<listWorktrees>("listWorktrees"),
    operation<lockWorktree>("lockWorktree"),
    operation<removeWorktree>("removeWorktree"),
    operation<repairWorktree>("repairWorktree"),
    operation<endTracking>("endTracking"),
    operation<sweepTrash>("sweepTrash"),
    operation<snapshot>("snapshot"),
    operation<reset>("reset"),
    operation<listIgnored>("listIgnored"),
    operation<listHolders>("listHolders"),
    operation<findOverlaps>("findOverlaps"),
    operation<merge>("merge"),
    operation<mergeSequence>("mergeSequence"),
    operation<beginLanding>("beginLanding"),
    operation<checkPaths>("checkPaths"),
    operation<moveTarget>("moveTarget"),
    operation<updatePaths>("updatePaths"),
    operation<endLanding>("endLanding"),
    operation<recoverLandings>("recoverLandings"),
    operation<claim>("claim"),
    operation<listClaims>("listClaims"),
    operation<sweepNotes>("sweepNotes"),
    operation<clearUp>("clearUp"),
    operation<releaseClaim>("releaseClaim"),
    operation<sharedFiles>("sharedFiles"),
    method("cancel", cancel),
    method("close", closeSession),
};

const napi_property_descriptor kExports[] = {
    method("version", version),
    method("openSession", openSession),
};

}  // namespace

}  // namespace coppice

NAPI_MODULE_INIT() {
  using namespace coppice;
  return throwing(env, "load", [&] {
    Environment::create(env);
    defineSessionClass(env, kSessionMethods, std::size(kSessionMethods));
    must(env, napi_define_properties(env, exports, std::size(kExports), kExports), "load");
    return exports;
  });
}
