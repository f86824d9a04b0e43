//! Pages in headless Chromium. Each test starts the program and runs a script of
//! `tests/browser`, which opens the pages, acts as people and checks what they see.
//!
//! nextest runs at most two of these tests at a time: it matches the name of this module.

mod framing;
mod proxies;
mod queued_vote;
mod restart;

use votify_test_support::browser::run;

use crate::program::Server;

/// Runs a script with the address of a server that has no rate limits.
async fn run_with_server(script: &str) {
    run_with_arguments(script, &[]).await;
}

/// Runs a script with the address of a server, and further arguments.
async fn run_with_arguments(script: &str, more: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let url = server.url("");
    let mut arguments = vec![&*url];
    arguments.extend(more);
    run(script, &arguments).await;
    server.stop().await;
}

#[tokio::test]
async fn two_windows_show_votes_within_a_second() {
    run_with_server("two_windows").await;
}

#[tokio::test]
async fn a_page_is_fresh_after_sleep() {
    run_with_server("sleep").await;
}

#[tokio::test]
async fn a_vote_while_offline_counts_once() {
    run_with_server("offline_vote").await;
}

#[tokio::test]
async fn the_keyboard_suffices_to_create_and_vote() {
    run_with_server("keyboard").await;
}

#[tokio::test]
async fn the_keys_of_the_room_can_be_turned_off() {
    run_with_server("room_keys").await;
}

#[tokio::test]
async fn the_element_speaks_the_language_of_the_browser() {
    run_with_server("page_language").await;
}

#[tokio::test]
async fn removed_elements_leave_no_connection() {
    run_with_server("removed_element").await;
}

#[tokio::test]
async fn polls_work_without_javascript() {
    run_with_server("no_javascript").await;
}

#[tokio::test]
async fn owners_manage_polls_in_another_browser() {
    run_with_server("owner_elsewhere").await;
}

#[tokio::test]
async fn invite_codes_lead_to_counted_votes() {
    run_with_server("invite").await;
}

#[tokio::test]
async fn right_to_left_texts_and_emoji_are_laid_out() {
    run_with_server("rtl_and_emoji").await;
}

/// In two halves, which run side by side.
#[tokio::test]
async fn pages_are_accessible_first_half() {
    run_with_arguments("accessibility", &["0", "2"]).await;
}

#[tokio::test]
async fn pages_are_accessible_second_half() {
    run_with_arguments("accessibility", &["1", "2"]).await;
}

#[tokio::test]
async fn pages_show_text_of_double_size() {
    run_with_server("text_size").await;
}

#[tokio::test]
async fn results_shift_nothing() {
    run_with_server("layout_shift").await;
}

#[tokio::test]
async fn the_page_of_a_poll_is_small() {
    run_with_server("page_size").await;
}
