# Included by each target of our own C++: C++17, exceptions within the native side, every warning an error.
{
  'include_dirs': ['.'],
  'cflags': ['-Wall', '-Wextra', '-Werror'],
  'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
  'cflags_cc': ['-std=c++17', '-fexceptions', '-frtti'],
  'defines': ['_GNU_SOURCE', '_FILE_OFFSET_BITS=64'],
  'xcode_settings': {
    'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
    'GCC_ENABLE_CPP_RTTI': 'YES',
    'GCC_TREAT_WARNINGS_AS_ERRORS': 'YES',
    'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
    'MACOSX_DEPLOYMENT_TARGET': '11.0',
  },
}
