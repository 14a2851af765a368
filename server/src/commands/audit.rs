//! `yizhen audit …`: whether the audit is as it was written.

use anyhow::{Result, bail};
use engine::{AuditReport, Engine};

use super::say;
use crate::config::Data;
use crate::telemetry;

/// Lists what is not as it was written, and fails if anything is.
pub(super) async fn verify(data: &Data) -> Result<()> {
    telemetry::start(data);
    let folder = data.audit_dir();
    let report = Engine::verify_audit(&data.url(), &data.keys()?, &folder).await?;
    for finding in &report.findings {
        say(&format!("Broken: {finding}"))?;
    }
    say(&counted(&report))?;
    match report.found {
        0 => say("The audit is as it was written."),
        1 => bail!("the audit is not as it was written: 1 finding; it is named on standard output"),
        found => bail!("the audit is not as it was written: {found} findings; they are named on standard output"),
    }
}

fn counted(report: &AuditReport) -> String {
    let AuditReport { rows, before, waiting, links, strands, checkpoints, .. } = report;
    let last = report.last_checkpoint.map(|at| format!(", the last of {}", at.format("%Y-%m-%dT%H:%M:%SZ"))).unwrap_or_default();
    format!(
        "{rows} rows in {links} links of {strands} strands, {waiting} waiting for their link\nBefore the chain: {before} rows\n\
         {checkpoints} checkpoints{last}"
    )
}
