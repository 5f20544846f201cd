//! The one line of JSON.

use crate::options::Options;
use crate::window::Figures;

/// Resident memory of the server at four moments, bytes.
pub struct Memory {
    /// Before the first connection.
    pub before: u64,
    /// When the idle connections have each echoed one message.
    pub idle: u64,
    /// When the busy ones have too.
    pub connected: u64,
    /// After the window.
    pub end: u64,
}

/// Everything that was asked for and measured. Times in the names' units; CPU per message is the server's.
pub fn line(options: &Options, total: u64, figures: &Figures, memory: &Memory) -> String {
    let messages = figures.messages as f64;
    let per_message = |nanoseconds: f64| nanoseconds / messages / 1e3;
    // What ran besides the two: a measurement during which this is not near 0 was disturbed.
    let others = (figures.machine as f64 - figures.cpu.all as f64 - figures.own.all as f64).max(0.0);
    let fields = [
        ("connections", options.connections as f64),
        ("idle", options.idle as f64),
        ("size", options.size as f64),
        ("depth", options.depth as f64),
        ("rate", options.rate),
        ("messages", messages),
        ("total_messages", total as f64),
        ("seconds", figures.seconds),
        ("per_second", messages / figures.seconds),
        ("p50_us", figures.p50),
        ("p90_us", figures.p90),
        ("p99_us", figures.p99),
        ("p999_us", figures.p999),
        ("max_us", figures.max),
        ("cpu_user_us", per_message(figures.cpu.user())),
        ("cpu_all_us", per_message(figures.cpu.all as f64)),
        ("cpu_all_ns", figures.cpu.all as f64),
        ("ticks_user_ns", figures.cpu.user_ticks as f64),
        ("ticks_all_ns", figures.cpu.all_ticks as f64),
        ("cpu_share", figures.cpu.all as f64 / 1e9 / figures.seconds),
        ("load_share", figures.own.all as f64 / 1e9 / figures.seconds),
        ("others_share", others / 1e9 / figures.seconds),
        ("rss_before", memory.before as f64),
        ("rss_idle", memory.idle as f64),
        ("rss_connected", memory.connected as f64),
        ("rss_end", memory.end as f64),
    ];
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{}", number(*value))).collect();
    format!("{{\"mode\":\"{}\",{}}}", options.mode.name(), fields.join(","))
}

fn number(value: f64) -> String {
    if !value.is_finite() {
        "null".to_owned()
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_valid_json() {
        assert_eq!(number(3.0), "3");
        assert_eq!(number(0.25), "0.2500");
        assert_eq!(number(f64::NAN), "null");
    }
}
