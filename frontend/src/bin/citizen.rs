//! The citizens' page.

fn main() {
    frontend::mount(app::citizen::App);
}
