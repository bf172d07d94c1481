// JavaScript objects <-> the plain structs of git/types.h, through their `fields`. Runs on the JavaScript thread only.
//
// Reading is strict: a missing or unknown field, `undefined`, a number that is no integer of the field's width, a
// string with NUL or a broken surrogate is an INVALID failure that names the field: "request.author.timeSeconds:
// expected an integer, got a string".
// Limits: strings of 64 MiB, arrays of 4 million elements, in both directions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine.h"
#include "git/oid.h"

namespace coppice {

inline constexpr size_t kMaxStringBytes = 64u << 20;
inline constexpr uint32_t kMaxElements = 4u << 20;

// Where in the request we are: links on the stack, spelled out only when something is wrong.
struct FieldPath {
  const FieldPath* parent;
  const char* name;    // null: an element of an array
  uint32_t index = 0;

  std::string spell() const;
};

[[noreturn]] void failField(const FieldPath& path, const std::string& problem);
// A getter threw.
[[noreturn]] void failUnreadable(napi_env env, const FieldPath& path);
[[noreturn]] void failType(napi_env env, const FieldPath& path, const char* expected, napi_value value);

void read(napi_env env, napi_value value, const FieldPath& path, std::string& field);
void read(napi_env env, napi_value value, const FieldPath& path, bool& field);
void read(napi_env env, napi_value value, const FieldPath& path, uint32_t& field);
void read(napi_env env, napi_value value, const FieldPath& path, int32_t& field);
void read(napi_env env, napi_value value, const FieldPath& path, uint64_t& field);
void read(napi_env env, napi_value value, const FieldPath& path, int64_t& field);
void read(napi_env env, napi_value value, const FieldPath& path, Oid& field);
template <class T>
void read(napi_env env, napi_value value, const FieldPath& path, std::optional<T>& field);
template <class T>
void read(napi_env env, napi_value value, const FieldPath& path, std::vector<T>& field);
template <class Struct>
void read(napi_env env, napi_value value, const FieldPath& path, Struct& field);

// Not const: `fields` serves reading too.
napi_value write(napi_env env, std::string& field);
napi_value write(napi_env env, bool& field);
napi_value write(napi_env env, uint32_t& field);
napi_value write(napi_env env, int32_t& field);
napi_value write(napi_env env, uint64_t& field);
napi_value write(napi_env env, int64_t& field);
napi_value write(napi_env env, Oid& field);
template <class T>
napi_value write(napi_env env, std::optional<T>& field);
template <class T>
napi_value write(napi_env env, std::vector<T>& field);
template <class Struct>
napi_value write(napi_env env, Struct& field);

uint32_t requireArray(napi_env env, napi_value value, const FieldPath& path);
void requireObject(napi_env env, napi_value value, const FieldPath& path);
void refuseUnknownFields(napi_env env, napi_value object, const FieldPath& path,
                         const std::vector<const char*>& known);
// Throws for `undefined`: a forgotten field must not pass for a deliberate null.
bool isNull(napi_env env, napi_value value, const FieldPath& path);
napi_value null(napi_env env);

// The visitor that a struct's `fields` sees while it is read.
class Reader {
 public:
  Reader(napi_env env, napi_value object, const FieldPath& path) : env_(env), object_(object), path_(path) {}

  template <class T>
  void operator()(const char* name, T& field) {
    known_.push_back(name);
    napi_value value = nullptr;
    const FieldPath path{&path_, name};
    if (napi_get_named_property(env_, object_, name, &value) != napi_ok) failUnreadable(env_, path);
    read(env_, value, path, field);
  }
  void refuseUnknown() const { refuseUnknownFields(env_, object_, path_, known_); }

 private:
  napi_env env_;
  napi_value object_;
  const FieldPath& path_;
  std::vector<const char*> known_;
};

// The visitor that a struct's `fields` sees while it is written.
class Writer {
 public:
  Writer(napi_env env, napi_value object) : env_(env), object_(object) {}

  template <class T>
  void operator()(const char* name, T& field) {
    must(env_, napi_set_named_property(env_, object_, name, write(env_, field)), name);
  }

 private:
  napi_env env_;
  napi_value object_;
};

template <class T>
void read(napi_env env, napi_value value, const FieldPath& path, std::optional<T>& field) {
  field.reset();
  if (!isNull(env, value, path)) read(env, value, path, field.emplace());
}

template <class T>
void read(napi_env env, napi_value value, const FieldPath& path, std::vector<T>& field) {
  const uint32_t length = requireArray(env, value, path);
  field.clear();
  field.reserve(length);
  for (uint32_t index = 0; index < length; index++) {
    const HandleScope scope(env);
    napi_value element = nullptr;
    must(env, napi_get_element(env, value, index, &element), "read");
    const FieldPath elementPath{&path, nullptr, index};
    read(env, element, elementPath, field.emplace_back());
  }
}

template <class Struct>
void read(napi_env env, napi_value value, const FieldPath& path, Struct& field) {
  requireObject(env, value, path);
  Reader reader(env, value, path);
  field.fields(reader);
  reader.refuseUnknown();
}

template <class T>
napi_value write(napi_env env, std::optional<T>& field) {
  return field ? write(env, *field) : null(env);
}

template <class T>
napi_value write(napi_env env, std::vector<T>& field) {
  if (field.size() > kMaxElements) fail(failure_code::kLimit, "write", "a reply has too many elements for one array");
  napi_value array = nullptr;
  must(env, napi_create_array_with_length(env, field.size(), &array), "write");
  for (uint32_t index = 0; index < field.size(); index++) {
    const HandleScope scope(env);
    must(env, napi_set_element(env, array, index, write(env, field[index])), "write");
  }
  return array;
}

template <class Struct>
napi_value write(napi_env env, Struct& field) {
  napi_value object = nullptr;
  must(env, napi_create_object(env, &object), "write");
  Writer writer(env, object);
  field.fields(writer);
  return object;
}

}  // namespace coppice
