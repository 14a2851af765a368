//! A PostgreSQL cluster of the benchmark's own, durable as it comes (fsync on), and `pgbench` on it. It goes with the benchmark, however
//! that ends: a shell waits for the end of its standard input, then stops the server and removes the files.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use sea_orm::{ConnectOptions, ConnectionTrait, Database};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Runs as the user that owns the cluster. `$1` is the folder of PostgreSQL's programs. `/var/tmp` is a disk where `/tmp` may be memory.
const SCRIPT: &str = r#"
set -eu
trap '' INT TERM HUP
dir=$(mktemp -d /var/tmp/yizhen-bench-XXXXXX)
pid=
finish() { if [ -n "$pid" ]; then kill -INT "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi; rm -rf "$dir"; }
trap finish EXIT
cd "$dir"
"$1/initdb" -D "$dir/data" -U yizhen -A trust -E UTF8 --locale=C >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
"$1/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= >"$dir/server.log" 2>&1 </dev/null &
pid=$!
tries=0
until "$1/pg_isready" -q -h "$dir" -U yizhen; do
  tries=$((tries + 1))
  if [ "$tries" -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; then cat "$dir/server.log" >&2; exit 1; fi
  sleep 0.1
done
echo "$dir"
cat >/dev/null
"#;

/// One place of one hot row, as anybody would write it first.
const PLAIN: &str = "\
BEGIN;
UPDATE plain_slots SET taken = taken + 1 WHERE id = 1 AND taken < capacity;
INSERT INTO plain_bookings (slot_id) VALUES (1);
COMMIT;
";
const PLAIN_TABLES: &str = "\
CREATE TABLE plain_slots (id integer PRIMARY KEY, taken integer NOT NULL, capacity integer NOT NULL, CHECK (taken BETWEEN 0 AND capacity));
INSERT INTO plain_slots VALUES (1, 0, 1000000000);
CREATE TABLE plain_bookings (code uuid PRIMARY KEY DEFAULT gen_random_uuid(), slot_id integer NOT NULL REFERENCES plain_slots (id),
    created_at timestamptz NOT NULL DEFAULT now());
";

/// A running cluster.
pub(crate) struct Cluster {
    shell: Child,
    socket: PathBuf,
    bin: PathBuf,
}

impl Cluster {
    pub(crate) async fn start() -> Result<Self> {
        let bin = programs()?;
        let mut command = as_another_user();
        command.args(["sh", "-c", SCRIPT, "sh"]).arg(&bin).current_dir("/");
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("a shell starts")?;
        let stdout = shell.stdout.take().context("its output is a pipe")?;
        let socket = BufReader::new(stdout).lines().next_line().await?.context("the cluster did not start; its log is above")?;
        Ok(Self { shell, socket: socket.into(), bin })
    }

    /// A new database, empty or a copy of another one: its URL.
    pub(crate) async fn create(&self, name: &str, template: Option<&str>) -> Result<String> {
        let template = template.map_or_else(String::new, |template| format!(" TEMPLATE \"{template}\""));
        self.execute("postgres", &format!("CREATE DATABASE \"{name}\"{template}")).await?;
        // what was copied is written out now, and not while something is measured
        self.execute("postgres", "CHECKPOINT").await?;
        Ok(self.url(name))
    }

    /// Commits in this database return at once; in its copies they wait for the disk, as they do unless told.
    pub(crate) async fn do_not_wait_for_the_disk(&self, name: &str) -> Result<()> {
        self.execute("postgres", &format!("ALTER DATABASE \"{name}\" SET synchronous_commit = off")).await
    }

    /// Away with a database.
    pub(crate) async fn drop(&self, name: &str) -> Result<()> {
        self.execute("postgres", &format!("DROP DATABASE \"{name}\"")).await
    }

    /// The plain transaction on one hot row by 8 clients for so many seconds: how many a second.
    pub(crate) async fn pgbench(&self, seconds: u64) -> Result<f64> {
        let url = self.create("plain", None).await?;
        self.execute("plain", PLAIN_TABLES).await?;
        let script = std::env::temp_dir().join(format!("yizhen-bench-{}.sql", std::process::id()));
        std::fs::write(&script, PLAIN)?;
        let mut command = Command::new(self.bin.join("pgbench"));
        command.args(["-n", "-c", "8", "-j", "2", "-M", "prepared", "-T", &seconds.to_string(), "-f"]).arg(&script).arg(&url);
        let done = command.kill_on_drop(true).output().await.context("pgbench starts");
        std::fs::remove_file(&script)?;
        let done = done?;
        ensure!(done.status.success(), "pgbench: {}", String::from_utf8_lossy(&done.stderr));
        let text = String::from_utf8_lossy(&done.stdout);
        let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")).and_then(|line| line.split(' ').next());
        let tps = tps.and_then(|tps| tps.parse().ok()).with_context(|| format!("pgbench tells no tps: {text}"));
        self.drop("plain").await?;
        tps
    }

    /// Stops it and waits until its files are gone.
    pub(crate) async fn stop(mut self) -> Result<()> {
        drop(self.shell.stdin.take());
        self.shell.wait().await?;
        Ok(())
    }

    async fn execute(&self, database: &str, sql: &str) -> Result<()> {
        let mut options = ConnectOptions::new(self.url(database));
        options.max_connections(1).sqlx_logging(false);
        let db = Database::connect(options).await.context("the cluster answers")?;
        let done = db.execute_unprepared(sql).await.with_context(|| sql.to_owned());
        db.close().await?;
        done.map(|_| ())
    }

    fn url(&self, database: &str) -> String {
        // the socket's folder is the host; sqlx and pgbench read the same form
        format!("postgres://yizhen@{}/{database}", self.socket.to_string_lossy().replace('/', "%2F"))
    }
}

/// PostgreSQL does not run as root.
fn as_another_user() -> Command {
    let root = std::process::Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0");
    if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]);
        command
    } else {
        Command::new("env")
    }
}

/// The folder that holds `initdb` and `pgbench`: the newest of Debian's, or that of PATH.
fn programs() -> Result<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |bin: &Path| ["initdb", "pgbench"].iter().all(|name| bin.join(name).exists());
    let mut found: Vec<_> = debian.chain(std::env::split_paths(&path)).filter(|bin| there(bin)).collect();
    let version = |bin: &PathBuf| bin.components().filter_map(|part| part.as_os_str().to_str()?.parse::<u32>().ok()).next();
    found.sort_by_key(|bin| std::cmp::Reverse(version(bin)));
    found.into_iter().next().context("PostgreSQL with pgbench is missing (Debian: apt-get install postgresql)")
}
