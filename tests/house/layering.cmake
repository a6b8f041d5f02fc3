# Fails on an include that points the wrong way. cmake -D ROOT=<source tree> -P layering.cmake
#
# Each rule: the files it speaks of | what they may include of ours (regular expressions on the path
# from the root). The first rule that matches a file decides.
set(leaf "pagesim/(address|check|decision|ledger|result|uapi)\\.h")
set(rules
  "^allocator/|^(allocator/.*|pagesim/address\\.h)$"
  "^pagesim/hardware/|^(pagesim/hardware/.*|${leaf})$"
  "^pagesim/kernel/|^(pagesim/kernel/.*|pagesim/hardware/(entry|machine|page_table|physical_memory)\\.h|pagesim/hardware/arch/.*|${leaf})$"
  "^pagesim/|^pagesim/.*$"
  "^tools/|^(tools|allocator|pagesim)/.*$"
  "^bench/|^(bench|tools|allocator|pagesim)/.*$"
  "^tests/|^(tests|bench|tools|allocator|pagesim)/.*$")

function(allowed_includes file out)
  foreach(rule IN LISTS rules)
    string(FIND "${rule}" "|" bar)
    string(SUBSTRING "${rule}" 0 ${bar} subject)
    math(EXPR after "${bar} + 1")
    string(SUBSTRING "${rule}" ${after} -1 permitted)
    if(file MATCHES "${subject}")
      set(${out} "${permitted}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${out} "^$" PARENT_SCOPE)
endfunction()

function(check_tree root out)
  file(GLOB_RECURSE sources RELATIVE "${root}" "${root}/allocator/*" "${root}/pagesim/*"
    "${root}/tools/*" "${root}/bench/*" "${root}/tests/*")
  list(FILTER sources INCLUDE REGEX "\\.(h|cc)$")
  list(LENGTH sources count)
  if(count EQUAL 0)
    message(FATAL_ERROR "layering: no source file under ${root}")
  endif()
  set(offences "")
  foreach(file IN LISTS sources)
    allowed_includes("${file}" permitted)
    file(STRINGS "${root}/${file}" includes REGEX "^[ \t]*#[ \t]*include[ \t]*\"")
    foreach(include IN LISTS includes)
      string(REGEX REPLACE "^[^\"]*\"([^\"]*)\".*$" "\\1" path "${include}")
      if(NOT path MATCHES "${permitted}")
        list(APPEND offences "${file} must not include ${path}")
      endif()
    endforeach()
    # One integer-to-pointer seam: addresses become pointers in the real memory and its users alone.
    if(file MATCHES "^allocator/" AND NOT file MATCHES "^allocator/(real_memory\\.h|preload)")
      file(STRINGS "${root}/${file}" casts REGEX "reinterpret_cast")
      if(casts)
        list(APPEND offences "${file} must not turn addresses into pointers (reinterpret_cast)")
      endif()
    endif()
  endforeach()
  set(${out} "${offences}" PARENT_SCOPE)
endfunction()

if(SELF_TEST)
  file(REMOVE_RECURSE "${ROOT}")
  file(WRITE "${ROOT}/pagesim/kernel/fault.cc" "#include \"pagesim/hardware/mmu.h\"\n")
  file(WRITE "${ROOT}/allocator/chunk.h" "#include \"pagesim/process.h\"\n")
  file(WRITE "${ROOT}/allocator/bins.h" "#include \"pagesim/address.h\"\n")
  check_tree("${ROOT}" offences)
  list(LENGTH offences count)
  if(NOT count EQUAL 2)
    message(FATAL_ERROR "layering: expected 2 offences in the scratch tree, found: ${offences}")
  endif()
  return()
endif()

check_tree("${ROOT}" offences)
if(offences)
  list(JOIN offences "\n  " lines)
  message(FATAL_ERROR "layering:\n  ${lines}")
endif()
