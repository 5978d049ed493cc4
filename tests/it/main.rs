//! One test binary over the whole product; the cases are data.

mod api;
mod check;
mod datafiles;
mod durability;
mod edge;
mod example;
mod fuzz;
mod local;
mod many_pipes;
mod pipes;
mod process;
mod reference;
mod render;
mod s3;
mod sim;
mod templates;
mod tidy;
mod views;
mod world;
