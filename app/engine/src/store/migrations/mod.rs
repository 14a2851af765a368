//! The migrations, oldest first. A published one is never changed.

use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod m0001_first;
mod m0002_fewer_indexes;
mod m0003_waiting;

/// All migrations of this program.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_first::Migration), Box::new(m0002_fewer_indexes::Migration), Box::new(m0003_waiting::Migration)]
    }
}
