# The headers of others that most files read, compiled once for the program's code and once for the
# tests. Half of what a file costs to compile is reading them. Ours are not among them: a change of
# one would compile everything anew.
set(omni_heavy_headers
  <absl/container/flat_hash_map.h> <absl/container/inlined_vector.h> <absl/functional/any_invocable.h>
  <absl/functional/function_ref.h> <absl/status/status.h> <absl/status/statusor.h> <absl/time/time.h>
  <absl/types/span.h> <fmt/format.h> <algorithm> <array> <atomic> <memory> <optional> <string>
  <string_view> <utility> <variant> <vector>)

# omni_precompiled(NAME HEADERS... LIBRARIES...): what targets take over with omni_precompile().
function(omni_precompiled name)
  if(NOT OMNI_PRECOMPILE)
    return()
  endif()
  cmake_parse_arguments(ARG "IS_TEST" "" "HEADERS;DEPS" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/${name}.cc CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/generated/${name}.cc)
  set_target_properties(${name} PROPERTIES OMNI_IS_TEST "${ARG_IS_TEST}")
  target_link_libraries(${name} PRIVATE omni_options fmt::fmt ${ARG_DEPS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

# The tests' JSON library costs a second for each file that has it, whether the file uses it or not.
function(omni_test_suffix target result)
  set(${result} "" PARENT_SCOPE)
  get_target_property(sources ${target} SOURCES)
  foreach(source ${sources})
    file(STRINGS ${source} found REGEX "test/support/json.h" LIMIT_COUNT 1)
    if(found)
      set(${result} _json PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

function(omni_precompile target)
  if(OMNI_PRECOMPILE)
    get_target_property(is_test ${target} OMNI_IS_TEST)
    if(is_test)
      omni_test_suffix(${target} suffix)
      target_precompile_headers(${target} REUSE_FROM omni_test_headers${suffix})
    else()
      target_precompile_headers(${target} REUSE_FROM omni_headers)
    endif()
  endif()
endfunction()

omni_precompiled(omni_headers HEADERS ${omni_heavy_headers} DEPS absl::status absl::statusor absl::time
  absl::flat_hash_map absl::inlined_vector absl::any_invocable)
