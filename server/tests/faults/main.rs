//! Faults, done to the real program over real HTTP: killed, starved of disk, cut off from its database, stopped at the peak, beset by
//! slow and hostile clients. Whatever happens, what it has promised is there, and nothing else is.

mod books;
mod chance;
mod city;
mod client;
mod crowd;
mod disk;
mod failing;
mod full;
mod hostile;
mod kill;
mod machine;
mod memory;
mod messages;
mod postgres;
mod primary;
mod raw;
mod release;
mod service;
#[path = "../../../app/engine/tests/standins/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of the gateways use the rest")]
mod standins;
mod stop;
