// The verbs of the command line. Each adds its subcommand to the program and, once chosen, runs and
// leaves its exit status; a verb that cannot go on throws Refusal.
#pragma once

namespace CLI {
class App;
}

namespace tools::verbs {

void add_demo(CLI::App& app, int& status);
void add_verify(CLI::App& app, int& status);
void add_replay(CLI::App& app, int& status);
void add_compare(CLI::App& app, int& status);
void add_record(CLI::App& app, int& status);
void add_what_if(CLI::App& app, int& status);
void add_explain(CLI::App& app, int& status);
void add_inspect(CLI::App& app, int& status);
void add_doctor(CLI::App& app, int& status);

}  // namespace tools::verbs
