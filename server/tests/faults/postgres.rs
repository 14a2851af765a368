//! A PostgreSQL cluster of a test's own, which can crash and come back; gone with the test process, however that ends. A shell starts it and does what
//! it reads from its standard input, which the system closes when the test process dies; then it stops the server and removes
//! the files.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectOptions, ConnectionTrait, Database};

/// Runs as the user that owns the cluster. `$1` is the folder of PostgreSQL's programs. Each line that it reads is how the server is
/// to stop before it starts again; it answers each with a line.
const SCRIPT: &str = r#"
set -eu
trap '' INT TERM HUP
dir=$(mktemp -d /tmp/yizhen-fault-XXXXXX)
finish() { "$1/pg_ctl" -D "$dir/data" -m immediate -s stop >/dev/null 2>&1 || true; rm -rf "$dir"; }
trap 'finish "$1"' EXIT
cd "$dir"
"$1/initdb" -D "$dir/data" -U yizhen -A trust -E UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
start() { "$1/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -s -o "-k $dir -c listen_addresses= -c max_connections=200 -c fsync=off" start || { cat "$dir/server.log" >&2; exit 1; }; }
start "$1"
echo "$dir"
while read -r how; do
  "$1/pg_ctl" -D "$dir/data" -m "$how" -w -s stop
  echo stopped
  read -r _
  start "$1"
  echo started
done
"#;

/// The cluster.
pub(crate) struct Cluster {
    /// Its socket's folder.
    socket: PathBuf,
    shell: Child,
    /// What the shell waits for.
    to_shell: Option<ChildStdin>,
    from_shell: BufReader<ChildStdout>,
    databases: AtomicU32,
}

impl Cluster {
    /// Makes and starts it.
    pub(crate) fn start() -> Self {
        let mut command = as_another_user();
        command.args(["sh", "-c", SCRIPT, "sh"]).arg(programs());
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell starts");
        let (to_shell, from_shell) = (shell.stdin.take(), BufReader::new(shell.stdout.take().expect("piped")));
        let mut cluster = Self { socket: PathBuf::new(), shell, to_shell, from_shell, databases: AtomicU32::new(1) };
        cluster.socket = cluster.hear().into();
        cluster
    }

    /// A new, empty database: its URL.
    pub(crate) async fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut options = ConnectOptions::new(self.url("postgres"));
        options.max_connections(1).sqlx_logging(false);
        let admin = Database::connect(options).await.expect("the cluster answers");
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database is made");
        admin.close().await.expect("closed");
        self.url(&name)
    }

    /// Stops the server: `fast` as for an update, `immediate` as in a crash. Returns when it is down.
    pub(crate) fn stop(&mut self, how: &str) {
        self.tell(how);
        assert_eq!(self.hear(), "stopped");
    }

    /// Starts the server again. Returns when it takes connections.
    pub(crate) fn start_again(&mut self) {
        self.tell("start");
        assert_eq!(self.hear(), "started");
    }

    fn tell(&mut self, line: &str) {
        let to_shell = self.to_shell.as_mut().expect("open until the end");
        writeln!(to_shell, "{line}").and_then(|()| to_shell.flush()).expect("the shell listens");
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.from_shell.read_line(&mut line).expect("the shell speaks");
        assert!(!line.trim().is_empty(), "PostgreSQL did not start or stop; its words are above");
        line.trim().to_owned()
    }

    fn url(&self, database: &str) -> String {
        // the socket's folder is the host
        format!("postgres://yizhen@{}:5432/{database}", self.socket.to_string_lossy().replace('/', "%2F"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // the end of its input tells the shell to clean up
        drop(self.to_shell.take());
        let _ = self.shell.wait();
    }
}

/// PostgreSQL does not run as root.
fn as_another_user() -> Command {
    if crate::machine::is_root() {
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
