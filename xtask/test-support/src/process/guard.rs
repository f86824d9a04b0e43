use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of its input, which comes at the latest when the test's process
/// ends. Then kills all processes in the folder `$1` or its data folder, and removes the
/// folder.
const SCRIPT: &str = r#"
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    living=
    for works in /proc/[0-9]*/cwd; do
        if [ "$works" -ef "$1" ] || [ "$works" -ef "$1/data" ]; then
            id=${works#/proc/}
            living="$living ${id%/cwd}"
        fi
    done
    [ -z "$living" ] && break
    kill -KILL $living
    sleep 0.1
done
rm -rf -- "$1"
"#;

/// A helper process that kills a server and removes its folder when the test's process
/// ends, even if the test is killed.
#[derive(Debug)]
pub struct CleanupGuard {
    shell: Child,
}

impl CleanupGuard {
    /// Starts the helper for a folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "guard"]).arg(folder);
        command.current_dir("/").stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // A process group of its own: Ctrl-C and nextest's time limit kill the test's
        // group.
        let shell = command.process_group(0).spawn().unwrap();
        Self { shell }
    }

    /// Cleans up and waits until that is done.
    pub fn run(&mut self) {
        // Waiting closes the input first. The script ends within about 2 s.
        let _ = self.shell.wait();
    }
}
