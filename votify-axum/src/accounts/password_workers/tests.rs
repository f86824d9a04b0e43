use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::channel;

use super::*;

fn cheap() -> PasswordHashing {
    PasswordHashing::argon2id(8, 1, 1).unwrap()
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

#[tokio::test]
async fn only_the_hashed_password_matches() {
    let workers = PasswordWorkers::new(cheap());
    let stored = workers.hash(password("correct horse")).await.unwrap();
    assert!(stored.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    let check = async |text| workers.check(password(text), Some(&stored)).await.unwrap();
    assert!(check("correct horse").await);
    assert!(!check("correct horsf").await);
    assert_ne!(
        workers.hash(password("correct horse")).await.unwrap(),
        stored
    );
}

#[tokio::test]
async fn a_check_without_a_user_costs_as_much_as_one_with() {
    let workers = PasswordWorkers::new(cheap());
    let stored = workers.hash(password("correct horse")).await.unwrap();
    let real = Phc::new(stored.as_str()).unwrap();
    let dummy = dummy_hash(workers.argon2.params()).unwrap();
    assert_eq!(dummy.algorithm, real.algorithm);
    assert_eq!(dummy.version, real.version);
    assert_eq!(dummy.params, real.params);
    assert_eq!(
        dummy.salt.as_ref().map(|salt| salt.len()),
        real.salt.as_ref().map(|salt| salt.len())
    );
    assert_eq!(
        dummy.hash.as_ref().map(Output::len),
        real.hash.as_ref().map(Output::len)
    );
    let before = workers.stats().hashed;
    assert!(
        !workers
            .check(password("correct horse"), None)
            .await
            .unwrap()
    );
    assert_eq!(workers.stats().hashed, before + 1);
}

#[tokio::test]
async fn hashes_with_other_parameters_are_checked_with_their_own() {
    let old = PasswordWorkers::new(cheap());
    let stored = old.hash(password("correct horse")).await.unwrap();
    let new = PasswordWorkers::new(PasswordHashing::argon2id(16, 2, 1).unwrap());
    assert!(
        new.check(password("correct horse"), Some(&stored))
            .await
            .unwrap()
    );
    let malformed = PasswordHash::new("$argon2id$nonsense").unwrap();
    let answer = new.check(password("correct horse"), Some(&malformed)).await;
    assert_eq!(answer, Err(HashingError::MalformedHash));
}

/// Of 500 concurrent callers, 2 run, 8 are queued and 490 are rejected immediately.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrency_and_queue_are_bounded() {
    let workers = Arc::new(PasswordWorkers::new(
        cheap().max_concurrent(2).max_queued(8),
    ));
    let (open, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let running = Arc::new(AtomicUsize::new(0));
    let peak = Arc::new(AtomicUsize::new(0));
    let caller = || {
        let (workers, gate) = (Arc::clone(&workers), Arc::clone(&gate));
        let (running, peak) = (Arc::clone(&running), Arc::clone(&peak));
        tokio::spawn(async move {
            let work = move || {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(now, Ordering::SeqCst);
                // Blocks until the gate opens.
                let _ = gate.lock().unwrap().recv();
                running.fetch_sub(1, Ordering::SeqCst);
            };
            workers.run(work).await
        })
    };
    let mut callers = vec![caller(), caller()];
    while running.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    callers.extend((2..500).map(|_| caller()));
    // All others are rejected before the gate opens.
    while workers.stats().rejected < 490 {
        tokio::task::yield_now().await;
    }
    drop(open);
    let mut done = 0;
    for caller in callers {
        done += usize::from(caller.await.unwrap().is_ok());
    }
    assert_eq!((done, workers.stats().rejected), (10, 490));
    assert_eq!(peak.load(Ordering::SeqCst), 2);
    let again = workers.hash(password("correct horse")).await;
    assert!(again.is_ok(), "the queue has room again");
}

/// A started job occupies its thread after its caller disconnected. A queued job of a
/// disconnected caller is skipped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_of_disconnected_callers_run_to_the_end_or_are_skipped() {
    let workers = Arc::new(PasswordWorkers::new(
        cheap().max_concurrent(1).max_queued(1),
    ));
    let (open, gate) = channel::<()>();
    let (started_sender, mut started) = tokio::sync::mpsc::unbounded_channel();
    let second_sender = started_sender.clone();
    let first = tokio::spawn({
        let workers = Arc::clone(&workers);
        async move {
            let work = move || {
                let _ = started_sender.send("first");
                let _ = gate.recv();
            };
            workers.run(work).await
        }
    });
    assert_eq!(started.recv().await, Some("first"));
    {
        let second = workers.run(move || {
            let _ = second_sender.send("second");
        });
        tokio::pin!(second);
        // Polled once, the job is queued.
        tokio::select! {
            biased;
            answer = &mut second => panic!("{answer:?}"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(workers.run(|| ()).await, Err(HashingError::Full));
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let result = workers.run(|| ()).await;
    assert_eq!(
        result,
        Err(HashingError::Full),
        "both callers are gone, and the first job runs"
    );
    drop(open);
    while workers.run(|| ()).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(started.recv().await, None, "the second job is skipped");
}

#[tokio::test]
async fn a_panic_does_not_end_the_thread() {
    let workers = PasswordWorkers::new(cheap().max_concurrent(1));
    let answer: Result<(), _> = workers.run(|| panic!("on purpose")).await;
    assert_eq!(answer, Err(HashingError::Failed));
    assert_eq!(workers.run(|| 7).await, Ok(7));
}
