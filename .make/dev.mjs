// Daily work: rebuilds and reloads on save. The pages are built and served by trunk, which reloads the browser; what they call
// is passed on to the server, which is built again and started again when something of its own changes.
//   node .make/dev.mjs -p server …      what cargo builds for the server
import { spawn } from "node:child_process";
import { watch } from "node:fs";

const PORTS = { citizen: Number(process.env.PORT ?? 8080), server: 8081, staff: 8082 };
const SERVER = `http://127.0.0.1:${PORTS.server}`;
const PACKAGES = process.argv.slice(2);
const OF_THE_SERVER = ["app/domain", "app/engine", "app/src/api", "app/src/caller.rs", "server/src"];

const children = new Set();
let stopping = false;
function start(command, args, env = {}) {
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  children.add(child);
  child.once("error", (error) => {
    console.error(`${command}: ${error.message}`);
    stop(1);
  });
  child.once("exit", () => {
    children.delete(child);
    if (stopping && children.size === 0) process.exit();
  });
  return child;
}
const ended = (child) => new Promise((done) => child.once("exit", done));

function stop(code) {
  stopping = true;
  process.exitCode = code;
  if (children.size === 0) process.exit();
  for (const child of children) child.kill("SIGTERM");
}

// --- the server ---
let server;
async function restart() {
  if (stopping) return;
  if (server && server.exitCode === null && server.signalCode === null) {
    const gone = ended(server);
    server.kill("SIGTERM");
    await gone;
    if (stopping) return;
  }
  // stops at once: nobody waits for answers here
  const env = { PORT: String(PORTS.server), DATA_DIR: process.env.DATA_DIR ?? "data", YIZHEN_DEMO: "1", STOP_WITHIN_S: "2" };
  server = start("target/debug/yizhen", ["serve"], { YIZHEN_DEMO_PASSWORD: "demo", ...env });
}

let building = false;
let again = false;
async function rebuild() {
  if (stopping) return;
  if (building) {
    again = true;
    return;
  }
  building = true;
  do {
    again = false;
    // not into the browser's target folder
    const cargo = start("cargo", ["build", ...PACKAGES], { CARGO_TARGET_DIR: "target" });
    if ((await ended(cargo)) === 0) await restart();
  } while (again && !stopping);
  building = false;
}

let settled;
for (const path of OF_THE_SERVER) {
  watch(path, { recursive: true }, () => {
    clearTimeout(settled);
    settled = setTimeout(rebuild, 200); // editors write a file in several steps
  });
}

// --- the pages ---
function page(name, html, publicUrl, port) {
  const args = ["--skip-version-check", "serve", html, "--dist", `dist-dev/${name}`, "--public-url", publicUrl, "--port", String(port)];
  // trunk takes no NO_COLOR but `true` and `false`
  return start("trunk", [...args, "--disable-address-lookup"], { NO_COLOR: undefined });
}

process.on("SIGINT", () => stop(0));
process.on("SIGTERM", () => stop(0));

await restart();
page("citizen", "frontend/index.html", "/", PORTS.citizen);
page("staff", "frontend/staff.html", "/staff/", PORTS.staff);
console.log(`\n   Citizens  http://127.0.0.1:${PORTS.citizen}/\n   Staff     http://127.0.0.1:${PORTS.staff}/staff/ (password: demo)\n   Messages  ${SERVER}/demo/messages\n`);
