//! A PostgreSQL cluster of the test process's own: made at the first test that wants it, gone with the process, however that
//! ends. A shell starts it and then waits for the end of its standard input, which the system closes when the test process
//! dies; then it stops the server and removes the files.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectOptions, ConnectionTrait, Database};

/// Runs as the user that owns the cluster. `$1` is the folder of PostgreSQL's programs, `$2` the port.
const SCRIPT: &str = r#"
set -eu
trap '' INT TERM HUP
dir=$(mktemp -d /tmp/yizhen-test-XXXXXX)
pid=
finish() { if [ -n "$pid" ]; then kill -QUIT "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi; rm -rf "$dir"; }
trap finish EXIT
cd "$dir"
"$1/initdb" -D "$dir/data" -U yizhen -A trust -E UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
"$1/postgres" -D "$dir/data" -k "$dir" -p "$2" -c listen_addresses= -c max_connections=400 -c fsync=off >"$dir/server.log" 2>&1 </dev/null &
pid=$!
tries=0
until "$1/pg_isready" -q -h "$dir" -p "$2" -U yizhen; do
  tries=$((tries + 1))
  if [ "$tries" -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; then cat "$dir/server.log" >&2; exit 1; fi
  sleep 0.1
done
echo "$dir"
cat >/dev/null
"#;

struct Cluster {
    /// Its socket's folder.
    socket: PathBuf,
    /// Where PostgreSQL's programs are.
    bin: PathBuf,
    port: u32,
    /// Holds the pipe whose end the shell waits for.
    _shell: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(1);

/// A new, empty database: its URL.
pub(super) async fn database() -> String {
    let cluster = tokio::task::spawn_blocking(|| CLUSTER.get_or_init(Cluster::start)).await.expect("the cluster starts");
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut options = ConnectOptions::new(cluster.url("postgres"));
    options.max_connections(1).sqlx_logging(false);
    let admin = Database::connect(options).await.expect("the cluster answers");
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database is made");
    admin.close().await.expect("closed");
    cluster.url(&name)
}

/// Everything in a database, as a backup holds it.
pub(super) fn dump(url: &str) -> Vec<u8> {
    let cluster = CLUSTER.get().expect("the database is of the cluster");
    let out = Command::new(cluster.bin.join("pg_dump")).args(["--inserts", url]).output().expect("pg_dump runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

impl Cluster {
    fn start() -> Self {
        let bin = programs();
        let port = 20_000 + std::process::id() % 10_000;
        let mut command = as_another_user();
        command.args(["sh", "-c", SCRIPT, "sh"]).arg(&bin).arg(port.to_string());
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell starts");
        let mut line = String::new();
        let out = shell.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("the shell speaks");
        assert!(!line.trim().is_empty(), "PostgreSQL did not start; its words are above");
        Self { socket: line.trim().into(), bin, port, _shell: shell }
    }

    fn url(&self, database: &str) -> String {
        // the socket's folder is the host; sqlx and pg_dump read the same form
        let host = self.socket.to_string_lossy().replace('/', "%2F");
        format!("postgres://yizhen@{host}:{}/{database}", self.port)
    }
}

/// PostgreSQL does not run as root.
fn as_another_user() -> Command {
    let id = Command::new("id").arg("-u").output().expect("`id` runs");
    if String::from_utf8_lossy(&id.stdout).trim() == "0" {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]);
        command
    } else {
        Command::new("env")
    }
}

/// The folder that holds `initdb`: the newest of Debian's, or that of PATH.
fn programs() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<_> =
        debian.chain(std::env::split_paths(&path)).filter(|bin| Path::new(bin).join("initdb").exists()).collect();
    found.sort_by_key(|bin| {
        std::cmp::Reverse(bin.components().filter_map(|part| part.as_os_str().to_str()?.parse::<u32>().ok()).next())
    });
    found
        .into_iter()
        .next()
        .expect("these tests need PostgreSQL: install it (Debian: apt-get install postgresql), or put its programs on PATH")
}
