# sqlite3: inserts, an index, joins, sorting, a vacuum.
# needs: sqlite3 sha256sum
[ "$SCALE" = long ] && rows=1000000 || rows=20000
sqlite3 database <<SQL
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
  INSERT INTO t SELECT i, 'name ' || (i * 7919 % 10007), i / 3.0 FROM n;
CREATE INDEX by_name ON t(name);
SELECT count(*), sum(value), max(name) FROM t;
SELECT name, count(*) AS c, avg(value) FROM t GROUP BY name ORDER BY c DESC, name LIMIT 5;
SELECT count(*) FROM t a JOIN t b ON a.name = b.name WHERE a.id < 50;
DELETE FROM t WHERE id % 3 = 0;
VACUUM;
PRAGMA integrity_check;
SQL
sqlite3 database 'SELECT * FROM t' | sha256sum
