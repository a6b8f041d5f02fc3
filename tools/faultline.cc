// The command line: subcommands, nothing else.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "tools/run/runner.h"
#include "tools/script/error.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/verbs.h"

namespace {

namespace verbs = tools::verbs;

int complain(const std::string& sentence, int status) {
  std::fprintf(stderr, "faultline: %s\n", sentence.c_str());
  return status;
}

/// What is wrong with the command line; asking for help is not wrong.
int usage(const CLI::App& app, const CLI::ParseError& error) {
  const int code = app.exit(error);
  return code == 0 ? verbs::kEqual : verbs::kWrongInput;
}

void add_verbs(CLI::App& app, int& status) {
  verbs::add_demo(app, status);
  verbs::add_verify(app, status);
  verbs::add_replay(app, status);
  verbs::add_record(app, status);
  verbs::add_compare(app, status);
  verbs::add_what_if(app, status);
  verbs::add_explain(app, status);
  verbs::add_inspect(app, status);
  verbs::add_doctor(app, status);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A glibc-style malloc with page-fault accounting.", "faultline"};
  app.set_version_flag("--version", FAULTLINE_VERSION);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  int status = verbs::kEqual;
  add_verbs(app, status);
  try {
    app.parse(argc, argv);
    return status;
  } catch (const CLI::ParseError& error) {
    return usage(app, error);
  } catch (const verbs::Refusal& refusal) {
    return complain(refusal.what(), refusal.status());
  } catch (const tools::script::ScriptError& error) {
    return complain(error.rendered(), verbs::kWrongInput);
  } catch (const tools::run::Unsupported& refused) {
    return complain(refused.what(), verbs::kUnable);
  } catch (const std::exception& error) {
    return complain(error.what(), verbs::kWrongInput);
  }
}
