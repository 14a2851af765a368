//! The staff's page.

fn main() {
    frontend::mount(app::staff::App);
}
