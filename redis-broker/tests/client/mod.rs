//! What every Redis client of ours must do, tried on real private servers: the same cases for each
//! library. A backend takes this folder in by its path and says `client_tests!(ItsLink);`.

#![allow(clippy::unwrap_used, reason = "tests")]

pub(crate) mod blocking;
pub(crate) mod calls;
pub(crate) mod certificates;
pub(crate) mod connecting;
pub(crate) mod outages;
pub(crate) mod proxy;
pub(crate) mod tls;
pub(crate) mod tools;

/// Makes a test of each case, for one kind of link.
macro_rules! client_tests {
    ($link:ty) => {
        client_tests! { @each $link;
            calls::an_error_in_a_pipeline_fails_its_command_alone,
            calls::answers_keep_their_shape,
            calls::bytes_pass_unchanged,
            calls::a_large_pipeline_is_answered_in_order,
            calls::concurrent_callers_get_their_own_answers,
            calls::nothing_to_send_is_answered_with_nothing,
            blocking::a_wait_that_ends_is_nil_and_its_connection_is_used_again,
            blocking::a_wait_gets_what_is_pushed,
            blocking::a_dropped_wait_takes_nothing_later,
            blocking::a_wait_holds_up_nobody,
            blocking::a_wait_of_a_frozen_server_ends,
            outages::a_restarted_server_is_found_again,
            outages::a_server_that_is_down_fails_calls_in_time,
            outages::a_call_made_in_an_outage_reaches_the_returning_server,
            outages::a_frozen_server_is_left_and_found_again,
            outages::a_killed_connection_is_replaced,
            outages::a_slow_server_is_found_again_by_many,
            outages::a_link_outlives_the_runtime_of_the_call_that_missed_it,
            outages::a_read_only_server_is_left,
            outages::a_dropped_client_leaves_no_connection,
            connecting::nobody_there,
            connecting::no_such_host,
            connecting::a_host_name,
            connecting::a_frozen_server,
            connecting::a_silent_port,
            connecting::another_kind_of_server,
            connecting::passwords,
            connecting::users,
            connecting::unix_sockets,
            connecting::databases,
            connecting::connections_have_a_name,
            tls::an_authority_of_our_own,
            tls::a_client_certificate,
            tls::files_that_are_none,
        }
    };
    (@each $link:ty; $($area:ident :: $case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                client::$area::$case::<$link>().await;
            }
        )*
    };
}
pub(crate) use client_tests;
