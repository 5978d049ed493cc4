//! One test binary over the whole product; the cases are data.

mod api;
mod durability;
mod edge;
mod example;
mod pipes;
mod process;
mod reference;
mod s3;
mod sim;
mod tidy;
mod world;
