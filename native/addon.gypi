# What makes an addon of the binding: in the product's build of it, and in the fault harness's.
{
  'include_dirs': ['<!(node scripts/native-sources.mjs node-addon-api-folder)'],
  # node-addon-api does not throw; native/git does, and the binding catches at its border.
  'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED',
    'COPPICE_VERSION="<!(node scripts/native-sources.mjs version)"'],
  'conditions': [
    ['OS=="linux"', {
      # node exports its own zlib and C++ symbols: hide ours and bind to them, or they would be swapped at load.
      'ldflags': ['-Wl,--gc-sections', '-Wl,--exclude-libs,ALL', '-Wl,-Bsymbolic',
        # Never unloaded, not even when the last worker that loaded it ends: libgit2 is never shut down, and its
        # thread keys would call into nothing.
        '-Wl,-z,nodelete'],
    }],
    ['OS=="mac"', { 'xcode_settings': { 'DEAD_CODE_STRIPPING': 'YES' } }],
  ],
}
