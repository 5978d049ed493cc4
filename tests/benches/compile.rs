//! What a deployment and a request cost before any row is read: `cargo bench -p sanderling-tests --bench compile`.

use divan::Bencher;
use sanderling_core::catalog::Catalog;
use sanderling_core::compile::{Compiled, ProjectFile, compile};
use sanderling_core::manifest;
use sanderling_core::template::Params;

#[path = "../it/many_pipes.rs"]
mod many_pipes;

#[expect(clippy::print_stdout, reason = "a figure of the report")]
fn main() {
    let catalog = compiled(&many_pipes::project(300)).catalog;
    println!("the catalog of 300 pipes: {} bytes", manifest::encode(&catalog).len());
    divan::main();
}

fn compiled(files: &[ProjectFile]) -> Compiled {
    compile(files, &Catalog::empty("w", "w"), &mut || 1).expect("the project is sound")
}

/// Goal: 300 pipes in less than 200 ms; four times the pipes, four times the time.
#[divan::bench(args = [75, 300, 1200])]
fn check_project(bencher: Bencher, pipes: usize) {
    let files = many_pipes::project(pipes);
    bencher.bench(|| compiled(&files));
}

/// Goal: at most 20 µs.
#[divan::bench(args = ["filtered", "ranked"])]
fn render_template(bencher: Bencher, node: &str) {
    let catalog = compiled(&many_pipes::project(1)).catalog;
    let pipe = &catalog.pipes["top_0"];
    let node = pipe.nodes.iter().find(|known| known.name.starts_with(node)).expect("the pipe has it");
    let mut params = Params::default();
    for (name, value) in
        [("date_from", "2024-02-01 00:00:00"), ("tenant", "acme"), ("at_least", "3"), ("page_size", "20")]
    {
        params.0.insert(name.to_owned(), vec![value.to_owned()]);
    }
    bencher.bench(|| node.template.render(&params).expect("renders"));
}

/// Goal: at most 10 ms in a worker, where it takes several times as long as here.
#[divan::bench]
fn load_catalog(bencher: Bencher) {
    let bytes = manifest::encode(&compiled(&many_pipes::project(300)).catalog);
    bencher.bench(|| manifest::decode::<Catalog>(&bytes, "catalog").expect("it was just written"));
}
