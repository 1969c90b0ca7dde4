//! Each curve can be measured: with next to nothing, on a server of its own.

mod own_server {
    use indicatif::ProgressBar;
    use tireless::Client;
    use tireless_growth::args::Scale;
    use tireless_growth::curve::Run;
    use tireless_growth::curves::ALL;

    #[tokio::test(flavor = "multi_thread")]
    async fn each_curve_gives_its_figures() {
        for (curve, client) in ALL.iter().zip([Client::RedisRs, Client::Fred].iter().cycle()) {
            let plan = curve.plan();
            let run = Run {
                scale: Scale::Smoke,
                client: *client,
                program: env!("CARGO_BIN_EXE_tireless-growth").into(),
                progress: ProgressBar::hidden(),
            };
            let measured = curve.measure(&run).await.unwrap();
            assert!(measured.rows.len() >= 2, "{}: {:?}", plan.name, measured.rows);
            for row in &measured.rows {
                let grows = row.get(plan.grows.name);
                assert!(grows.is_some_and(|size| *size >= 0.0), "{}: {row:?}", plan.name);
                // Memory is only told of sizes that this does not reach.
                for column in plan.columns.iter().filter(|column| column.name != "beside_bytes") {
                    let figure = row.get(column.name);
                    let there = figure.is_some_and(|figure| figure.is_finite() && *figure >= 0.0);
                    assert!(there, "{}, {}: {row:?}", plan.name, column.name);
                }
            }
        }
    }
}
