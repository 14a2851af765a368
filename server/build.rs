//! The built pages are part of the binary: a new bundle means a new binary.

fn main() {
    println!("cargo::rerun-if-changed=../dist");
}
