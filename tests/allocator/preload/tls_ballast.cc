// A library that has thread-locals and nothing else: preloaded under glibc, it makes the process's
// table of thread-locals as large as libptmalloc.so does.
extern "C" int* tls_ballast() {
  static thread_local int ballast = 1;
  return &ballast;
}
