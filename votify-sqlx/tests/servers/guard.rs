use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Waits for the end of its input, which comes with the end of the test's process at the latest, however that ends.
/// Then it kills whatever works in the folder `$1` or its data folder, and removes it.
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

/// Sees to it that nothing of a server outlives the test that started it, not even if the test is killed.
pub(super) struct Guard {
    shell: Child,
}

impl Guard {
    pub(super) fn of(folder: &Path) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "guard"]).arg(folder);
        command.current_dir("/").stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        // Not in the test's group, which is what a terminal's Ctrl-C and nextest's time limit kill.
        let shell = command.process_group(0).spawn().unwrap();
        Self { shell }
    }

    /// Lets it do its work, and returns when that is done.
    pub(super) fn end(&mut self) {
        // Waiting closes its input first. Its work is bounded.
        let _ = self.shell.wait();
    }
}
