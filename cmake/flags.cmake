option(HEP_FUZZ "Build the fuzz targets with libFuzzer (clang); brings the sanitizers" OFF)
if(HEP_FUZZ)
  set(HEP_SANITIZE ON)
endif()

set(HEP_WARNINGS
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion
  -Wfloat-conversion -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wcast-qual
  -Wwrite-strings -Wpointer-arith -Wundef -Wvla -Wformat=2 -Wswitch-enum -Wnull-dereference)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND HEP_SANITIZE)
  # gcc's sanitizer instrumentation makes these warnings report paths and sizes that do not exist.
  list(REMOVE_ITEM HEP_WARNINGS -Wnull-dereference)
  list(APPEND HEP_WARNINGS -Wno-stringop-overflow)
endif()

if(CMAKE_C_COMPILER_ID MATCHES "Clang")
  # clang takes the C library's NAN and INFINITY, which are float, for promotions; gcc reports the real ones.
  list(REMOVE_ITEM HEP_WARNINGS -Wdouble-promotion)
  # clang 19 warns where a whole number named by an enum meets a double, in which it is exact, or one of another enum, as
  # in the index of a row counted over several; clang 14 and gcc do not.
  list(APPEND HEP_WARNINGS -Wno-enum-float-conversion -Wno-enum-enum-conversion)
endif()

function(hep_flags target)
  target_compile_options(${target} PRIVATE ${HEP_WARNINGS} -fno-common -ffp-contract=off)
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L _XOPEN_SOURCE=700
    HEP_VERSION="${PROJECT_VERSION}")
  if(HEP_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(HEP_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined
      -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
  if(HEP_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()
