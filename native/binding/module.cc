// The exports table of the addon.
#include <git2.h>
#include <napi.h>

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("libgit2Version", Napi::String::New(env, LIBGIT2_VERSION));
  return exports;
}

}  // namespace

NODE_API_MODULE(coppice, init)
