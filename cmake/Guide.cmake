# Makes the pages of the guide a C source: their bytes as they stand, in the order of PAGES.
# Usage: cmake -DFOLDER=... -DPAGES=a,b,c -DTO=file.c -P Guide.cmake
string(REPLACE "," ";" pages "${PAGES}")
set(arrays "")
set(rows "")
foreach(page IN LISTS pages)
  string(MAKE_C_IDENTIFIER "page_${page}" name)
  file(READ ${FOLDER}/${page}.md text)
  if(NOT text MATCHES "^# ${page}: [^\n]+\n")
    message(FATAL_ERROR "${page}.md does not begin with '# ${page}: summary'")
  endif()
  file(READ ${FOLDER}/${page}.md bytes HEX)
  # Bytes and not a literal: C promises literals of 4095 characters only.
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const unsigned char ${name}[] = {\n${bytes}0};\n")
  string(APPEND rows "    {\"${page}\", (const char *)${name}},\n")
endforeach()
file(WRITE ${TO}.new "#include \"catalog/guide.h\"\n\n#include <stddef.h>\n\n${arrays}\n"
  "const upi_guide_page upi_guide_pages[] = {\n${rows}    {NULL, NULL},\n};\n")
file(RENAME ${TO}.new ${TO})
