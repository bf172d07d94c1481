// What bench/native/floor.cc gives to the addon.
#pragma once

#include <napi.h>

Napi::Value writeAll(const Napi::CallbackInfo& info);
