# cmake and ninja: configures and builds a project; in the long form, part of this one.
# needs: cmake ninja gcc g++
mkdir project && cd project
if [ "$SCALE" = long ]; then
  cmake -S "$SOURCES" -B build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DBUILD_TESTING=OFF >log
  cmake --build build --target pagesim -j 2 >>log
  ls build/lib | grep libpagesim
  exit
fi
{
  echo 'cmake_minimum_required(VERSION 3.25)'
  echo 'project(small LANGUAGES C)'
  echo 'file(GLOB sources CONFIGURE_DEPENDS part*.c)'
  echo 'add_executable(small main.c ${sources})'
} >CMakeLists.txt
echo 'int printf(const char *, ...);' >main.c
for i in $(seq 1 12); do
  echo "int part$i(void) { return $i * $i; }" >"part$i.c"
  echo "int part$i(void);" >>main.c
done
echo "int main(void) { return printf(\"%d\\n\", $(seq -s ' + ' -f 'part%g()' 1 12)) < 0; }" >>main.c
cmake -B build -G Ninja >log
cmake --build build -j 2 >>log
build/small
ninja -C build -t targets all | sort
