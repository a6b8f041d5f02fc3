# embed_files(TARGET NAMESPACE FILE...): the texts of the files become part of TARGET as
# NAMESPACE::embedded_files(), an array of {name, text} in the order given.
#
# cmake -D OUT=... -D NAMESPACE=... -D ROOT=... -D "FILES=a;b" -P EmbedFiles.cmake writes the source.
if(CMAKE_SCRIPT_MODE_FILE)
  set(entries "")
  foreach(file IN LISTS FILES)
    file(READ "${ROOT}/${file}" text)
    get_filename_component(name "${file}" NAME)
    string(APPEND entries "    {\"${name}\", R\"embedded(${text})embedded\"},\n")
  endforeach()
  file(WRITE "${OUT}" "// Made from the files it names.
#include \"tools/report/embedded.h\"

namespace ${NAMESPACE} {

std::span<const tools::report::EmbeddedFile> embedded_files() noexcept {
  static constexpr tools::report::EmbeddedFile kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace ${NAMESPACE}
")
  return()
endif()

set(embed_files_script ${CMAKE_CURRENT_LIST_FILE})
function(embed_files target namespace)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded.cc)
  list(JOIN ARGN "$<SEMICOLON>" files)
  add_custom_command(OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -D OUT=${generated} -D NAMESPACE=${namespace}
      -D ROOT=${CMAKE_CURRENT_SOURCE_DIR} "-DFILES=${files}" -P ${embed_files_script}
    DEPENDS ${ARGN} ${embed_files_script}
    VERBATIM)
  target_sources(${target} PRIVATE ${generated})
  set_source_files_properties(${generated} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
