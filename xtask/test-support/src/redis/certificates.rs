use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::run;

/// A root certificate, and a certificate for a server on loopback signed by it.
#[derive(Debug)]
pub(super) struct Certificates {
    pub(super) root: PathBuf,
    pub(super) server: PathBuf,
    pub(super) key: PathBuf,
}

impl Certificates {
    /// Creates the certificates in a folder with `openssl`.
    pub(super) fn create(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name);
        let root_key = file("root.key");
        let (root, server, key) = (file("root.pem"), file("server.pem"), file("server.key"));
        let (request, extensions) = (file("server.csr"), file("extensions"));
        fs::write(
            &extensions,
            "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
        )
        .unwrap();
        let new_key = ["-newkey", "rsa:2048", "-nodes", "-keyout"];
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-days", "2", "-subj", "/CN=Votify test"]);
        run(command.args(new_key).arg(&root_key).arg("-out").arg(&root));
        let mut command = Command::new("openssl");
        command.args(["req", "-subj", "/CN=localhost"]);
        run(command.args(new_key).arg(&key).arg("-out").arg(&request));
        let mut command = Command::new("openssl");
        command.args(["x509", "-req", "-days", "2", "-CAcreateserial"]);
        command.arg("-in").arg(&request).arg("-CA").arg(&root);
        command.arg("-CAkey").arg(&root_key);
        command.arg("-extfile").arg(&extensions);
        run(command.arg("-out").arg(&server));
        Self { root, server, key }
    }
}
