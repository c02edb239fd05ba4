# hep_room(NAME [USES room ...] [LIBS target ...]): one static library from every .c file of the folder.
# Its headers are seen as "NAME/header.h" through a folder that holds only a link to this room, so that the
# include path of a target is exactly the list of rooms it may use.
function(hep_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.c)
  list(FILTER sources EXCLUDE REGEX "/cli/main\\.c$")
  set(door ${CMAKE_BINARY_DIR}/doors/${name})
  file(MAKE_DIRECTORY ${door})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${name} ${door}/${name} SYMBOLIC)
  add_library(hep_${name} STATIC ${sources})
  target_include_directories(hep_${name} PUBLIC ${door})
  foreach(used IN LISTS ROOM_USES)
    target_link_libraries(hep_${name} PUBLIC hep_${used})
  endforeach()
  target_link_libraries(hep_${name} PRIVATE ${ROOM_LIBS} OpenMP::OpenMP_C m)
  hep_flags(hep_${name})
  # pipe2, prctl and renameat2 are the kernel's own: the files that start and watch processes and swap folders.
  foreach(source IN ITEMS base/process.c pipeline/outdir.c)
    set_source_files_properties(${CMAKE_SOURCE_DIR}/${source} PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE)
  endforeach()
endfunction()
