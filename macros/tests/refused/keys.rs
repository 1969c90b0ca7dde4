use tireless::Task;

#[derive(Task)]
#[task(name = "two words")]
struct IllegalName;

#[derive(Task)]
#[task(queue = "")]
struct IllegalQueue;

#[derive(Task)]
#[task(timeout = "30")]
struct NoUnit;

#[derive(Task)]
#[task(timeout = 30)]
struct NoText;

#[derive(Task)]
#[task(backoff = "quadratic 1s..2s")]
struct UnknownBackoff;

#[derive(Task)]
#[task(retry = 3)]
struct UnknownKey;

#[derive(Task)]
#[task(retries = 3, retries = 4)]
struct Twice;

#[derive(Task)]
#[task(retries = -1)]
struct Negative;

#[derive(Task)]
struct Generic<T>(T);

#[derive(Task)]
#[task(queue = 3)]
struct NoName;

fn main() {}
