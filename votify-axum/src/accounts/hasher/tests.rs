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
async fn a_password_is_known_again_and_no_other() {
    let hasher = Hasher::new(cheap());
    let kept = hasher.hash(password("correct horse")).await.unwrap();
    assert!(kept.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    let check = async |text| hasher.check(password(text), Some(&kept)).await.unwrap();
    assert!(check("correct horse").await);
    assert!(!check("correct horsf").await);
    assert_ne!(hasher.hash(password("correct horse")).await.unwrap(), kept);
}

#[tokio::test]
async fn nobody_costs_what_somebody_does() {
    let hasher = Hasher::new(cheap());
    let kept = hasher.hash(password("correct horse")).await.unwrap();
    let real = Phc::new(kept.as_str()).unwrap();
    let decoy = decoy(hasher.argon2.params()).unwrap();
    assert_eq!(decoy.algorithm, real.algorithm);
    assert_eq!(decoy.version, real.version);
    assert_eq!(decoy.params, real.params);
    assert_eq!(
        decoy.salt.as_ref().map(|salt| salt.len()),
        real.salt.as_ref().map(|salt| salt.len())
    );
    assert_eq!(
        decoy.hash.as_ref().map(Output::len),
        real.hash.as_ref().map(Output::len)
    );
    let before = hasher.stats().hashed;
    assert!(!hasher.check(password("correct horse"), None).await.unwrap());
    assert_eq!(hasher.stats().hashed, before + 1);
}

#[tokio::test]
async fn hashes_of_other_parameters_are_checked_with_theirs() {
    let old = Hasher::new(cheap());
    let kept = old.hash(password("correct horse")).await.unwrap();
    let new = Hasher::new(PasswordHashing::argon2id(16, 2, 1).unwrap());
    assert!(
        new.check(password("correct horse"), Some(&kept))
            .await
            .unwrap()
    );
    let nonsense = PasswordHash::new("$argon2id$nonsense").unwrap();
    let answer = new.check(password("correct horse"), Some(&nonsense)).await;
    assert_eq!(answer, Err(HashingError::Unreadable));
}

/// 500 at once: never more at work than there are places, and whoever finds no place to wait is told so at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_at_once_than_there_are_places() {
    let hasher = Arc::new(Hasher::new(cheap().at_once(2).waiting(8)));
    let (open, gate) = channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let running = Arc::new(AtomicUsize::new(0));
    let peak = Arc::new(AtomicUsize::new(0));
    let caller = || {
        let (hasher, gate) = (Arc::clone(&hasher), Arc::clone(&gate));
        let (running, peak) = (Arc::clone(&running), Arc::clone(&peak));
        tokio::spawn(async move {
            let work = move || {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(now, Ordering::SeqCst);
                // Until the gate is opened nobody gets further.
                let _ = gate.lock().unwrap().recv();
                running.fetch_sub(1, Ordering::SeqCst);
            };
            hasher.run(work).await
        })
    };
    let mut callers = vec![caller(), caller()];
    while running.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    callers.extend((2..500).map(|_| caller()));
    // Two are at work and eight wait: all others are turned away before the gate opens.
    while hasher.stats().turned_away < 490 {
        tokio::task::yield_now().await;
    }
    drop(open);
    let mut done = 0;
    for caller in callers {
        done += usize::from(caller.await.unwrap().is_ok());
    }
    assert_eq!((done, hasher.stats().turned_away), (10, 490));
    assert_eq!(peak.load(Ordering::SeqCst), 2);
    let again = hasher.hash(password("correct horse")).await;
    assert!(again.is_ok(), "there is room again");
}

/// A caller who goes away frees no place while the work goes on, and what it had waiting is not begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_is_the_works_not_the_callers() {
    let hasher = Arc::new(Hasher::new(cheap().at_once(1).waiting(1)));
    let (open, gate) = channel::<()>();
    let (begin, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let second_began = begin.clone();
    let first = tokio::spawn({
        let hasher = Arc::clone(&hasher);
        async move {
            let work = move || {
                let _ = begin.send("first");
                let _ = gate.recv();
            };
            hasher.run(work).await
        }
    });
    assert_eq!(begun.recv().await, Some("first"));
    {
        let second = hasher.run(move || {
            let _ = second_began.send("second");
        });
        tokio::pin!(second);
        // Asked once, it waits for its turn.
        tokio::select! {
            biased;
            answer = &mut second => panic!("{answer:?}"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(hasher.run(|| ()).await, Err(HashingError::Full));
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let still = hasher.run(|| ()).await;
    assert_eq!(
        still,
        Err(HashingError::Full),
        "both have gone, and the work goes on"
    );
    drop(open);
    while hasher.run(|| ()).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(begun.recv().await, None, "the second was never begun");
}

#[tokio::test]
async fn a_panic_takes_no_thread_with_it() {
    let hasher = Hasher::new(cheap().at_once(1));
    let answer: Result<(), _> = hasher.run(|| panic!("on purpose")).await;
    assert_eq!(answer, Err(HashingError::Failed));
    assert_eq!(hasher.run(|| 7).await, Ok(7));
}
