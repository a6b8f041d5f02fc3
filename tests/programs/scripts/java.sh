# java: a JVM compiles and runs one file; threads and direct buffers.
# needs: java
cat >Main.java <<'JAVA'
import java.nio.ByteBuffer;
import java.util.*;
import java.util.stream.*;

public class Main {
  public static void main(String[] arguments) throws Exception {
    int count = "long".equals(System.getenv("SCALE")) ? 2_000_000 : 50_000;
    Map<Integer, List<String>> map = IntStream.range(0, count).boxed()
        .collect(Collectors.groupingBy(i -> i % 1009, TreeMap::new,
            Collectors.mapping(Object::toString, Collectors.toList())));
    System.out.println(map.size() + " " + map.get(7).size());
    long[] sums = new long[8];
    Thread[] threads = new Thread[sums.length];
    for (int t = 0; t < threads.length; ++t) {
      int number = t;
      threads[t] = new Thread(() -> {
        for (int i = 0; i < 200; ++i) {
          ByteBuffer buffer = ByteBuffer.allocateDirect(1000 + i * 100);
          buffer.putLong(i, (long) number * i);
          sums[number] += buffer.getLong(i);
        }
      });
      threads[t].start();
    }
    for (Thread thread : threads) thread.join();
    System.out.println(Arrays.toString(sums));
  }
}
JAVA
java -Xmx256m Main.java
