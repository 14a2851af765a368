//! nginx with one static file: what handing out ready bytes costs at least.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::client::{self, Connection};
use crate::minder::Minded;

/// A running nginx.
pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    process: Minded,
}

impl Nginx {
    /// Serves `body` at `/availability` with these headers, as well as nginx can: no log, an open file, two workers.
    pub(crate) async fn start(folder: &Path, body: &[u8], encoding: &str) -> Result<Self> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("availability"), body)?;
        // taken and given back: nginx cannot choose a port by itself
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let root = folder.display();
        // the workers read a folder that only we may enter
        let user = if std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            "user root;"
        } else {
            ""
        };
        let config = format!(
            "{user}\nworker_processes 2;\npid {root}/nginx.pid;\nerror_log {root}/error.log;\ndaemon off;\n\
             events {{ worker_connections 2048; }}\n\
             http {{\n access_log off;\n sendfile on;\n tcp_nopush on;\n keepalive_timeout 60;\n keepalive_requests 100000000;\n\
             open_file_cache max=16 inactive=60s;\n open_file_cache_valid 60s;\n\
             client_body_temp_path {root}/body;\n proxy_temp_path {root}/proxy;\n fastcgi_temp_path {root}/fastcgi;\n\
             uwsgi_temp_path {root}/uwsgi;\n scgi_temp_path {root}/scgi;\n\
             server {{\n  listen {address};\n  root {root};\n  location = /availability {{\n   default_type application/json;\n\
             add_header content-encoding {encoding};\n   add_header cache-control no-cache;\n   add_header vary accept-encoding;\n  }}\n }}\n}}\n"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, config)?;
        let program = program().display().to_string();
        let args =
            [program.as_str(), "-p", &root.to_string(), "-e", &format!("{root}/error.log"), "-c", &file.display().to_string()];
        let process = Minded::start(&args, "TERM", &folder.join("nginx.log")).await?;
        let nginx = Self { address, process };
        nginx.wait_until_ready().await.with_context(|| format!("nginx did not start; see {root}/nginx.log"))?;
        Ok(nginx)
    }

    async fn wait_until_ready(&self) -> Result<()> {
        let mut request = Vec::new();
        client::get(&mut request, "/availability", "");
        for _ in 0..500 {
            if let Ok(answer) = Connection::to(self.address).send(&request).await
                && answer.status == 200
            {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        anyhow::bail!("it does not answer")
    }

    /// Its master process; the workers are its children.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.process.stop().await.context("nginx does not stop")
    }
}

/// Debian puts it where only root's PATH leads.
fn program() -> PathBuf {
    ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| "nginx".into())
}
