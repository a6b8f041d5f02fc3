# python3's own tests, from its test package.
# needs: /usr/bin/python3
python=/usr/bin/python3
$python -c 'import test.test_dict' 2>/dev/null || {
  echo 'python3 has no test package here (Debian: libpython3-testsuite)'
  exit 77
}
modules='test.test_dict test.test_list test.test_json'
if [ "$SCALE" = long ]; then
  modules="$modules test.test_re test.test_threading test.test_subprocess"
  modules="$modules test.test_multiprocessing_fork"
fi
$python -m unittest -v $modules >said 2>log || { tail -n 40 log; exit 1; }
# Times and the order of what threads say differ from run to run; in the long form some tests' names
# are mixed up with what the tests themselves say.
[ "$SCALE" = long ] || grep -E '^test.* \.\.\. (ok|FAIL|ERROR|skipped|expected)' log | sort
sed -n 's/^\(Ran [0-9]* tests\) in .*/\1/p' log
tail -n 1 log
