# Third-party headers lie in /usr/include, where every compiler finds them. A room that does not link a library gets a
# folder in front of it that holds a header of each of that library's names, and the header refuses to be compiled.
set(HEP_FENCED_zlib zlib.h zconf.h)
set(HEP_FENCED_jansson jansson.h)
set(HEP_FENCED_fyaml libfyaml.h)
set(HEP_FENCED_png png.h pngconf.h)
set(HEP_FENCED_crypto openssl/*.h)
set(HEP_FENCED_gsl gsl/*.h)
set(HEP_FENCED_qhull libqhull_r/*.h)
set(HEP_FENCED_fftw fftw3.h)

foreach(library zlib jansson fyaml png crypto gsl qhull fftw)
  foreach(pattern IN LISTS HEP_FENCED_${library})
    set(headers ${pattern})
    if(pattern MATCHES "\\*")
      file(GLOB headers RELATIVE /usr/include /usr/include/${pattern})
    endif()
    foreach(header IN LISTS headers)
      file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/fence/${library}/${header}
        CONTENT "#error \"${header}: this room does not link ${library}, see CMakeLists.txt\"\n")
    endforeach()
  endforeach()
endforeach()

# hep_fence(TARGET hep::library ...): everything but these is out of bounds.
function(hep_fence target)
  foreach(library zlib jansson fyaml png crypto gsl qhull fftw)
    if(NOT hep::${library} IN_LIST ARGN)
      target_include_directories(${target} BEFORE PRIVATE ${CMAKE_BINARY_DIR}/fence/${library})
    endif()
  endforeach()
  # The list of folders that the room's files are compiled with: tests/house/test_fence.sh reads it.
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/fence/${target}.txt
    CONTENT "$<JOIN:$<REMOVE_DUPLICATES:$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>>,\n>\n")
endfunction()
