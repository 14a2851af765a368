//! The service over HTTP and on the command line: the real router on a port of its own, with a database of its own.

mod api;
mod availability;
mod command;
mod day_at_the_site;
mod doors;
mod guard;
mod house;
mod limits;
mod matrix;
mod messages;
mod pages;
mod planted;
mod privacy;
mod rush;
mod sessions;
mod staff;
mod support;
mod wechat;
