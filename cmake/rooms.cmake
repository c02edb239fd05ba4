# hep_room(NAME [USES room ...] [LIBS target ...] DOORS header ...): one static library from every .c file of the folder.
# DOORS are the headers, without ".h", that other rooms may include. They are seen as "NAME/header.h" through a folder
# that holds links to these alone, so that the include path of a target is exactly the list of what it may use; the
# room's own files, and its own tests, see the whole folder.
function(hep_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LIBS;DOORS" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY HEP_ROOMS ${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.c)
  list(FILTER sources EXCLUDE REGEX "/cli/main\\.c$")
  # A file of NAME/assets is a text of the room: report/assets/report.css is hep_asset_report_css in C.
  file(GLOB assets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/assets/*)
  foreach(asset IN LISTS assets)
    get_filename_component(file ${asset} NAME)
    string(MAKE_C_IDENTIFIER hep_asset_${file} symbol)
    set(made ${CMAKE_BINARY_DIR}/assets/${name}/${file}.c)
    add_custom_command(OUTPUT ${made} DEPENDS ${asset} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM
      COMMAND ${CMAKE_COMMAND} -D IN=${asset} -D OUT=${made} -D NAME=${symbol} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
    list(APPEND sources ${made})
  endforeach()
  set(door ${CMAKE_BINARY_DIR}/doors/${name})
  set(inside ${CMAKE_BINARY_DIR}/inside/${name})
  file(REMOVE_RECURSE ${door})
  file(MAKE_DIRECTORY ${door} ${inside})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${name} ${inside}/${name} SYMBOLIC)
  foreach(header IN LISTS ROOM_DOORS)
    get_filename_component(folder ${door}/${name}/${header}.h DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${name}/${header}.h ${door}/${name}/${header}.h SYMBOLIC)
  endforeach()
  file(GLOB tables CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.def) # rows that headers expand
  foreach(table IN LISTS tables)
    get_filename_component(file ${table} NAME)
    file(CREATE_LINK ${table} ${door}/${name}/${file} SYMBOLIC)
  endforeach()
  add_library(hep_${name} STATIC ${sources})
  target_include_directories(hep_${name} PRIVATE ${inside} INTERFACE ${door})
  foreach(used IN LISTS ROOM_USES)
    target_link_libraries(hep_${name} PUBLIC hep_${used})
  endforeach()
  target_link_libraries(hep_${name} PRIVATE ${ROOM_LIBS} OpenMP::OpenMP_C m)
  hep_flags(hep_${name})
  hep_fence(hep_${name} ${ROOM_LIBS})
  # pipe2, prctl, renameat2 and madvise are the kernel's own: the files that start and watch processes, swap folders and ask
  # for large pages.
  foreach(source IN ITEMS base/process.c base/alloc.c pipeline/outdir.c)
    set_source_files_properties(${CMAKE_SOURCE_DIR}/${source} PROPERTIES COMPILE_DEFINITIONS _GNU_SOURCE)
  endforeach()
endfunction()

# hep_inside(TARGET ROOM): a test or benchmark of a room sees the whole of it.
function(hep_inside target room)
  target_include_directories(${target} BEFORE PRIVATE ${CMAKE_BINARY_DIR}/inside/${room})
endfunction()
