//! Figures: one value a round, told as the median with its spread, its ratio to the raw limit and its goal.

use std::collections::BTreeMap;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// So much or more. Half of it is the floor.
    AtLeast(f64),
    /// So much or more of something else, with a floor of its own.
    Share {
        /// What is aimed at.
        goal: f64,
        /// What it must not fall below.
        floor: f64,
    },
    /// So much or less. Twice as much is the floor.
    AtMost(f64),
}

impl Goal {
    fn reached(self, value: f64) -> bool {
        match self {
            Self::AtLeast(goal) | Self::Share { goal, .. } => value >= goal,
            Self::AtMost(goal) => value <= goal,
        }
    }

    fn above_floor(self, value: f64) -> bool {
        match self {
            Self::AtLeast(goal) => value >= goal / 2.0,
            Self::Share { floor, .. } => value >= floor,
            Self::AtMost(goal) => value <= goal * 2.0,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(goal) | Self::Share { goal, .. } => format!("≥ {}", number(goal)),
            Self::AtMost(goal) => format!("≤ {}", number(goal)),
        }
    }
}

/// All figures of a run, in the order in which they are first noted.
#[derive(Debug, Default)]
pub struct Figures {
    order: Vec<&'static str>,
    values: BTreeMap<&'static str, Vec<f64>>,
    goals: BTreeMap<&'static str, Goal>,
    against: BTreeMap<&'static str, &'static str>,
    units: BTreeMap<&'static str, &'static str>,
}

impl Figures {
    /// Notes a round's value.
    pub fn note(&mut self, name: &'static str, unit: &'static str, value: f64) {
        if !self.values.contains_key(name) {
            self.order.push(name);
        }
        self.units.insert(name, unit);
        self.values.entry(name).or_default().push(value);
    }

    /// Which figure is the raw limit of another.
    pub fn compare(&mut self, name: &'static str, raw: &'static str) {
        self.against.insert(name, raw);
    }

    /// Sets a figure's goal.
    pub fn aim(&mut self, name: &'static str, goal: Goal) {
        self.goals.insert(name, goal);
    }

    /// The median of the rounds so far.
    pub fn median(&self, name: &str) -> Option<f64> {
        self.values.get(name).and_then(|values| median(values))
    }

    /// Whether each figure with a goal is above its floor.
    pub fn above_floors(&self) -> bool {
        self.goals.iter().all(|(name, goal)| {
            self.median(name)
                .is_none_or(|median| goal.above_floor(median))
        })
    }

    /// The table.
    pub fn table(&self) -> String {
        let mut lines = vec![
            [
                "",
                "median",
                "lowest",
                "highest",
                "unit",
                "of the raw limit",
                "goal",
                "",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        for name in &self.order {
            let values = self.values.get(name).map_or(&[][..], Vec::as_slice);
            let Some(middle) = median(values) else {
                continue;
            };
            let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = values.iter().copied().fold(0.0, f64::max);
            let ratio = self.against.get(name).and_then(|raw| {
                let raw = self.median(raw).filter(|raw| *raw > 0.0)?;
                Some(format!("{:.2}", middle / raw))
            });
            let goal = self.goals.get(name);
            let verdict = goal.map_or("", |goal| {
                if goal.reached(middle) {
                    "reached"
                } else if goal.above_floor(middle) {
                    "missed"
                } else {
                    "BELOW THE FLOOR"
                }
            });
            lines.push(vec![
                (*name).to_owned(),
                number(middle),
                number(lowest),
                number(highest),
                self.units.get(name).copied().unwrap_or_default().to_owned(),
                ratio.unwrap_or_default(),
                goal.map(|goal| goal.text()).unwrap_or_default(),
                verdict.to_owned(),
            ]);
        }
        align(&lines)
    }
}

fn align(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|n| {
            lines
                .iter()
                .filter_map(|line| line.get(n))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in lines {
        for (n, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            // Words to the left, numbers to the right.
            match n {
                1..=3 | 5 | 6 => text.extend([&*pad, cell, "  "]),
                _ => text.extend([cell, &*pad, "  "]),
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    sorted
        .get(middle - 1)
        .map(|lower| f64::midpoint(*lower, upper))
}

fn number(value: f64) -> String {
    if value >= 100.0 {
        let whole = format!("{value:.0}");
        let mut grouped = String::new();
        for (n, digit) in whole.chars().enumerate() {
            if n > 0 && (whole.len() - n) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_ratios_and_floors() {
        let mut figures = Figures::default();
        for value in [10.0, 1_234.0, 20.0] {
            figures.note("raw", "/s", value);
        }
        figures.note("ours", "/s", 5.0);
        figures.note("ours", "/s", 7.0);
        figures.compare("ours", "raw");
        figures.aim("ours", Goal::AtLeast(10.0));
        assert_eq!(figures.median("ours"), Some(6.0));
        assert!(figures.above_floors());
        let table = figures.table();
        assert!(
            table.contains("0.30") && table.contains("missed") && table.contains("1,234"),
            "{table}"
        );
        figures.aim("raw", Goal::AtMost(9.0));
        assert!(!figures.above_floors());
    }
}
