//! Tests of the scripts as they are served.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::compact::compact_script;
use super::list::File;
use super::{list, shared};

/// Limits of the client library and the element together, in bytes.
const MAX_SIZE: usize = 60 * 1024;
const MAX_COMPRESSED_SIZE: usize = 20 * 1024;

fn scripts() -> impl Iterator<Item = &'static File> {
    let files = list::PAGES.iter().chain(shared::FILES);
    files.filter(|(_, content_type, _)| *content_type == list::SCRIPT)
}

/// Returns the paths that a script imports, as written: `from "…"` and `import "…"`.
fn imports(script: &str) -> Vec<&str> {
    let statements = ["from \"", "import \"", "import(\""];
    let found = |statement| script.split(statement).skip(1);
    let ends = statements.into_iter().flat_map(found);
    let paths = ends.filter_map(|rest| rest.split_once('"').map(|(path, _)| path));
    paths.filter(|path| path.starts_with('.')).collect()
}

/// Returns the path that `import` has in a script at `path`.
fn resolve(path: &str, import: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[test]
fn imports_are_resolved() {
    let script = "import { a } from \"./a.js\";\nimport \"../b.js\";\nimport x from \"y\";\n";
    assert_eq!(imports(script), ["./a.js", "../b.js"]);
    assert_eq!(
        resolve("/pages/x.js", "./create/a.js"),
        "/pages/create/a.js"
    );
    assert_eq!(resolve("/pages/x.js", "../votify.js"), "/votify.js");
}

#[test]
fn every_import_of_a_served_script_is_served() {
    let mut count = 0;
    for (path, _, content) in scripts() {
        for import in imports(content) {
            let imported = resolve(path, import);
            let is_served = scripts().any(|(path, ..)| *path == imported);
            assert!(is_served, "{path} imports {imported}, which is not served");
            count += 1;
        }
    }
    assert!(count > 20, "{count} imports");
}

#[test]
fn the_client_and_the_element_are_small() {
    let names = ["/votify.js", "/votify-poll.js", "/locales/en.js"];
    let is_measured = |path: &str| names.contains(&path) || path.starts_with("/poll/");
    let (mut size, mut compressed_size) = (0, 0);
    for (_, _, content) in scripts().filter(|(path, ..)| is_measured(path)) {
        let served = compact_script(content);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(served.as_bytes()).unwrap();
        size += served.len();
        compressed_size += encoder.finish().unwrap().len();
    }
    assert!(size > 30_000, "{size} bytes");
    assert!(size <= MAX_SIZE, "{size} bytes");
    assert!(
        compressed_size <= MAX_COMPRESSED_SIZE,
        "{compressed_size} bytes"
    );
}
