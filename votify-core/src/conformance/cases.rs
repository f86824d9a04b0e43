//! The lists of cases, and the macros that generate tests from them.

mod accounts;
mod broadcaster;
mod invites;
mod limiter;
mod queue;
mod store;

/// Emits one test per case.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    (($check:ident, $fixture:expr) $($family:ident { $($case:ident)* })*) => {
        $($(
            #[test]
            fn $case() {
                $crate::conformance::$check(&$fixture, stringify!($case));
            }
        )*)*
    };
}

/// Emits a table of [`Case`](crate::conformance::Case) values.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_table {
    (($module:ident) $($family:ident { $($case:ident)* })*) => {
        $crate::__conformance_table!(@ $($($module $family $case)*)*)
    };
    (@ $($module:ident $family:ident $case:ident)*) => {
        &[$(
            $crate::conformance::Case {
                family: stringify!($family),
                name: stringify!($case),
                run: |fixture| Box::pin($crate::conformance::$module::$family::$case(fixture)),
            },
        )*]
    };
}
