# python3: json, threads, dictionaries, regular expressions and child processes in one script.
# needs: python3
python3 - <<'PY'
import json, os, re, subprocess, sys, threading

count = 200_000 if os.environ["SCALE"] == "long" else 20_000
data = {f"key {i * 7919 % 10007}": [i, str(i) * (i % 9), {"half": i / 2}] for i in range(count)}
text = json.dumps(data, sort_keys=True)
assert json.loads(text) == data
print(len(data), len(text), len(re.findall(r'"key \d*7": \[(\d+)', text)))
lock, total = threading.Lock(), 0

def work(number):
    global total
    blocks = [bytearray(i % 3000) for i in range(count // 8)]
    words = sorted(str(len(b) * number) for b in blocks)
    with lock:
        total += len("".join(words))

threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(total)
for i in range(5):
    child = subprocess.run([sys.executable, "-c", f"print(sum(range({i} * 1000)))"],
                           capture_output=True, text=True, check=True)
    print(child.stdout.strip())
PY
