use votify_axum::{Theme, ThemeColors};

use crate::app::App;

#[tokio::test]
async fn a_theme_is_on_every_page_and_in_its_stylesheet() {
    let mut light = ThemeColors::default();
    light.accent = Some("#006d5b".parse().unwrap());
    let mut dark = ThemeColors::default();
    dark.accent = Some("oklch(80% 0.1 170)".parse().unwrap());
    let theme = Theme::new()
        .title("Student <council>")
        .logo("https://cdn.test/logo.svg")
        .unwrap()
        .light(light)
        .dark(dark)
        .footer("Questions? votes@example.org")
        .css("h1 { color: red }");
    let app = App::with(|router| router.theme(theme));
    for path in ["/", "/p/nonsense"] {
        let page = app.get(path).await;
        assert!(
            page.text.contains("Student &#60;council&#62;"),
            "{}",
            page.text
        );
        assert!(page.text.contains("src=\"https://cdn.test/logo.svg\""));
        assert!(page.text.contains("Questions? votes@example.org"));
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("img-src 'self' https://cdn.test;"),
            "{policy}"
        );
    }
    let css = app.get("/theme.css").await.expect_status(200);
    assert_eq!(css.header("content-type"), "text/css; charset=utf-8");
    for expected in [
        "--votify-accent: #006d5b;",
        "--votify-accent: oklch(80% 0.1 170);",
        "prefers-color-scheme: dark",
        "h1 { color: red }",
    ] {
        assert!(css.text.contains(expected), "{expected} in {}", css.text);
    }
}

#[tokio::test]
async fn without_a_theme_the_stylesheet_is_empty() {
    let app = App::new();
    assert_eq!(app.get("/theme.css").await.expect_status(200).text, "");
    assert!(app.get("/").await.text.contains("Create a poll · Votify"));
}
