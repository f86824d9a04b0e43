use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use votify_test_support::process::CleanupGuard;

/// The folder of the committed configuration.
const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");
/// Addresses of nginx and of the instances in the committed configuration.
const NGINX_ADDRESS: &str = "127.0.0.1:8080";
const INSTANCES: [&str; 3] = ["127.0.0.1:8081", "127.0.0.1:8082", "127.0.0.1:8083"];

const MISSING: &str = "no program nginx is installed (Debian package nginx-light)";

/// Maximum time from the start of nginx to its first response.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// An nginx process with the configuration of `examples/deploy` in a temporary folder. It
/// ends with this value or with the test process.
pub(crate) struct Nginx {
    folder: PathBuf,
    address: String,
    child: Child,
    guard: CleanupGuard,
}

impl Nginx {
    /// Starts nginx. Reports and returns `None` if it is not installed and no test server
    /// is configured.
    ///
    /// # Panics
    /// If nginx does not start.
    pub(crate) async fn in_front_of(instances: [&str; 3]) -> Option<Self> {
        Some(Self::start(program()?, |address| site(address, instances)).await)
    }

    /// Starts nginx in front of one instance. It passes no upgrades to WebSockets, like an
    /// nginx that is configured for plain HTTP.
    ///
    /// # Panics
    /// If nginx is not installed, or does not start.
    pub(crate) async fn without_upgrades(instance: &str) -> Self {
        let program = find_program().unwrap_or_else(|| panic!("{MISSING}"));
        Self::start(program, |address| {
            let mut site = site(address, [instance; 3]);
            for line in [
                "    proxy_set_header Upgrade $http_upgrade;\n",
                "    proxy_set_header Connection $votify_connection;\n",
            ] {
                assert_eq!(site.matches(line).count(), 1, "{line:?} in\n{site}");
                site = site.replace(line, "");
            }
            site
        })
        .await
    }

    async fn start(program: PathBuf, site: impl Fn(&str) -> String) -> Self {
        let folder = TempDir::with_prefix("votify-nginx-").unwrap().keep();
        let folder = fs::canonicalize(folder).unwrap();
        let guard = CleanupGuard::new(&folder);
        let main = fs::read(format!("{DEPLOY}/nginx.conf")).unwrap();
        fs::write(folder.join("nginx.conf"), main).unwrap();
        let mut attempt = 0;
        let (address, child) = loop {
            attempt += 1;
            let address = format!("127.0.0.1:{}", free_port());
            fs::write(folder.join("votify.conf"), site(&address)).unwrap();
            let mut child = spawn(&program, &folder);
            match ready(&mut child, &address).await {
                Ok(()) => break (address, child),
                // Another process took the port.
                Err(_) if attempt < 5 && log(&folder).contains("Address already in use") => {}
                Err(error) => panic!("nginx: {error}; its log is\n{}", log(&folder)),
            }
        };
        Self {
            folder,
            address,
            child,
            guard,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the error log.
    pub(crate) fn log(&self) -> String {
        log(&self.folder)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.guard.run();
        let _ = self.child.wait();
        // A panic during a panic would abort the test process.
        let gone = !self.folder.exists();
        assert!(
            gone || thread::panicking(),
            "{} was not removed",
            self.folder.display()
        );
    }
}

/// Returns the committed file with other addresses.
fn site(address: &str, instances: [&str; 3]) -> String {
    let mut site = fs::read_to_string(format!("{DEPLOY}/votify.conf")).unwrap();
    let pairs = INSTANCES.into_iter().zip(instances);
    let pairs = pairs.map(|(old, new)| ("server", old, new));
    for (word, old, new) in [("listen", NGINX_ADDRESS, address)]
        .into_iter()
        .chain(pairs)
    {
        let old = format!("    {word} {old}");
        assert_eq!(site.matches(&old).count(), 1, "{old:?} in\n{site}");
        site = site.replace(&old, &format!("    {word} {new}"));
    }
    site
}

fn find_program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join("nginx"))
        .find(|program| program.is_file())
}

fn program() -> Option<PathBuf> {
    let found = find_program();
    if found.is_none() {
        // No test may be skipped if test servers are configured.
        for variable in ["VOTIFY_TEST_POSTGRES_URL", "VOTIFY_TEST_REDIS_URL"] {
            assert!(env::var_os(variable).is_none(), "{MISSING}");
        }
        let test = thread::current().name().unwrap_or("a test").to_owned();
        let line =
            format!("SKIPPED {test}: {MISSING}; `cargo xtask test` installs what it needs\n");
        // Written directly to stderr: the test runner hides the output of passing tests.
        let _ = io::stderr().write_all(line.as_bytes());
    }
    found
}

fn spawn(program: &Path, folder: &Path) -> Child {
    let output = File::create(folder.join("output.log")).unwrap();
    Command::new(program)
        .arg("-p")
        .arg(folder)
        .args(["-e", "error.log", "-c", "nginx.conf", "-g", "daemon off;"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .process_group(0)
        .spawn()
        .unwrap()
}

/// Waits until nginx forwards a response of an instance.
async fn ready(child: &mut Child, address: &str) -> Result<(), String> {
    let (client, url) = (reqwest::Client::new(), format!("http://{address}/healthz"));
    let end = Instant::now() + START_TIMEOUT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Err(format!("nginx ended with {status}"));
        }
        let response = client.get(&url).timeout(START_TIMEOUT).send().await;
        let reason = match response {
            Ok(response) if response.status().is_success() => return Ok(()),
            Ok(response) => response.status().to_string(),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= end {
            return Err(format!("nginx is not ready: {reason}"));
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn log(folder: &Path) -> String {
    ["output.log", "error.log"]
        .map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default())
        .concat()
}

/// Returns a free port below 32768, where the range of outgoing connections starts.
fn free_port() -> u16 {
    let mut ports = (0..1000).map(|_| fastrand::u16(10_000..30_000));
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    ports.find(is_free).expect("no port is free")
}
