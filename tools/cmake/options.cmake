# Compiler options that every target of ours gets.
add_library(omni_options INTERFACE)
target_include_directories(omni_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(omni_options INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-missing-field-initializers -fstack-protector-strong)
target_compile_definitions(omni_options INTERFACE _FORTIFY_SOURCE=2)
# A release has none: a request makes some two thousand calls, and each would pay for it. The line
# tables (-g1) unwind as well (`perf record --call-graph dwarf`).
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(omni_options INTERFACE -fno-omit-frame-pointer)
endif()
# Of one file's names for another's; and the more there is to see, the more GCC guesses wrongly.
if(OMNI_UNITY OR OMNI_WHOLE)
  target_compile_options(omni_options INTERFACE -Wno-shadow $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
# Everywhere, or a precompiled header would not do for all.
target_compile_options(omni_options INTERFACE -pthread)

# A request runs through more code than the first-level cache holds: density beats alignment.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT OMNI_SANITIZE)
  target_compile_options(omni_options INTERFACE -falign-functions=1 -falign-jumps=1 -falign-loops=1 -falign-labels=1)
endif()

# Tests are compiled often and run once: nothing is gained by optimizing their own code, which under
# the sanitizers takes three times as long to compile.
set(is_test $<BOOL:$<TARGET_PROPERTY:OMNI_IS_TEST>>)
target_compile_options(omni_options INTERFACE $<${is_test}:-U_FORTIFY_SOURCE> $<${is_test}:-O0>)
if(OMNI_SANITIZE)
  target_compile_options(omni_options INTERFACE -fsanitize=${OMNI_SANITIZE} -fno-sanitize-recover=all
    -U_FORTIFY_SOURCE -g1 $<$<NOT:${is_test}>:-O1>)
  # A check at each pointer's use doubles what a test costs to compile; a null one crashes as well.
  target_compile_options(omni_options INTERFACE
    $<${is_test}:-fno-sanitize=null,alignment,vptr,object-size,nonnull-attribute,returns-nonnull-attribute>)
  target_link_options(omni_options INTERFACE -fsanitize=${OMNI_SANITIZE})
endif()
if(OMNI_FUZZ)
  target_compile_options(omni_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(OMNI_COVERAGE)
  target_compile_options(omni_options INTERFACE --coverage -O0)
  target_link_options(omni_options INTERFACE --coverage)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  find_program(LLD ld.lld)
  if(LLD)
    target_link_options(omni_options INTERFACE -fuse-ld=lld)
  endif()
endif()
