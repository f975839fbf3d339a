# What a release knows of how its code is used: which blocks are hot, which calls are worth inlining.
# tools/train records it and packs it into tools/profile; a release that is built by the compiler
# that recorded it uses it. A function that has changed since is compiled as if nothing were known.
set(OMNI_PROFILE "use" CACHE STRING "Profile of the hot paths: use, record, or off")
set(omni_profile_folder ${CMAKE_BINARY_DIR}/profile)

function(omni_profile_options)
  target_compile_options(omni_options INTERFACE $<$<NOT:${is_test}>:-fprofile-prefix-path=${CMAKE_BINARY_DIR}> ${ARGV})
endfunction()

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR OMNI_COVERAGE)
  return()
endif()
string(REGEX MATCH "^[0-9]+" gcc ${CMAKE_CXX_COMPILER_VERSION})
set(packed ${CMAKE_SOURCE_DIR}/tools/profile/gcc-${gcc}-${CMAKE_SYSTEM_PROCESSOR}.tar.xz)

if(OMNI_PROFILE STREQUAL "record")
  file(MAKE_DIRECTORY ${omni_profile_folder})
  omni_profile_options($<$<NOT:${is_test}>:-fprofile-generate=${omni_profile_folder}>)
  target_link_options(omni_options INTERFACE -fprofile-generate)
elseif(OMNI_PROFILE STREQUAL "use" AND EXISTS ${packed})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${packed})
  file(SHA256 ${packed} digest)
  string(SUBSTRING ${digest} 0 12 digest)
  if(NOT EXISTS ${omni_profile_folder}/${digest})
    file(REMOVE_RECURSE ${omni_profile_folder})
    file(ARCHIVE_EXTRACT INPUT ${packed} DESTINATION ${omni_profile_folder})
    file(TOUCH ${omni_profile_folder}/${digest})
  endif()
  # The digest is on the command line so that another profile compiles everything anew. Counters that
  # several threads wrote are a little off; what the profile lets the compiler guess about sizes is
  # no ground for an error.
  foreach(option -fprofile-use=${omni_profile_folder} -DOMNI_PROFILE_DIGEST="${digest}"
      -fprofile-correction -Wno-missing-profile -Wno-coverage-mismatch
      -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-error=array-bounds -Wno-error=maybe-uninitialized)
    list(APPEND options $<$<NOT:${is_test}>:${option}>)
  endforeach()
  omni_profile_options(${options})
endif()
