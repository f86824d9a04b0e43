use std::io::{Cursor, Read};
use std::sync::LazyLock;

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;
use zip::result::ZipError;

/// The files of Swagger UI that the page needs, with their media types.
const FILES: [(&str, &str); 5] = [
    ("favicon-32x32.png", "image/png"),
    ("index.css", "text/css"),
    ("swagger-ui.css", "text/css"),
    ("swagger-ui-bundle.js", "text/javascript"),
    ("swagger-ui-standalone-preset.js", "text/javascript"),
];

/// A file of Swagger UI.
pub(super) struct File {
    name: &'static str,
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// Unpacks the files at the first request: 2 MB, which stay in memory.
static UNPACKED: LazyLock<Result<Vec<File>, ZipError>> = LazyLock::new(unpack);

/// Returns a file, or `None` if the page needs none of this name.
pub(super) fn file(name: &str) -> Result<Option<&'static File>, &'static ZipError> {
    let files = UNPACKED.as_ref()?;
    Ok(files.iter().find(|file| file.name == name))
}

fn unpack() -> Result<Vec<File>, ZipError> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    // The archive is the source tree of a version, below a folder with its name.
    let root = archive
        .file_names()
        .find_map(|path| Some(path.ok()?.strip_suffix("dist/index.css")?.to_owned()))
        .ok_or(ZipError::FileNotFound)?;
    FILES
        .iter()
        .map(|&(name, content_type)| {
            let mut bytes = Vec::new();
            archive
                .by_name(&format!("{root}dist/{name}"))?
                .read_to_end(&mut bytes)?;
            Ok(File {
                name,
                content_type,
                bytes,
            })
        })
        .collect()
}
