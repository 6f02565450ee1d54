#include <sqlite3.h>

// Swift does not import variadic functions; these are the calls of that kind that Tercet makes.

/// Leaves the write-ahead log as it is when the last connection closes.
static inline int tercet_sqlite_keep_log_on_close(sqlite3 *db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
