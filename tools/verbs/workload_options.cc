// Scripts and traces by path.
#include "tools/verbs/workload_options.h"

#include <CLI/CLI.hpp>

#include "tools/script/parser.h"
#include "tools/trace/program.h"
#include "tools/trace/trace_reader.h"
#include "tools/verbs/refusal.h"

namespace tools::verbs {

void WorkloadOptions::add_to(CLI::App& verb) {
  verb.add_option("--touch", touch, "What a traced program does with its blocks: none, first, all")
      ->check(CLI::IsMember({"none", "first", "all"}))
      ->type_name("POLICY")
      ->capture_default_str();
  verb.add_option("--process", process,
                  "Which process of a trace; default: the one that called most")
      ->type_name("INDEX");
  verb.add_flag("--accept-torn", accept_torn, "Run what is left of a trace that was cut off");
  verb.add_flag("--keep-going", keep_going, "Go on with the next line after a fatal signal");
}

script::Program WorkloadOptions::load(const std::string& path) const {
  if (path == "-" || !trace::is_trace(path)) return script::read_script(path);
  const trace::TraceReader reader{path};
  if (reader.torn() && !accept_torn) {
    throw Refusal{kWrongInput, *reader.torn() + "; --accept-torn runs what is there."};
  }
  return trace::to_program(reader, {.touch = *trace::touch_policy(touch), .process = process});
}

run::RunOptions WorkloadOptions::run_options() const {
  run::RunOptions options;
  options.keep_going = keep_going;
  return options;
}

}  // namespace tools::verbs
