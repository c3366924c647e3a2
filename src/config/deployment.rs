//! What an engine that shares machines out wants to know of a type: how much of one it takes, and how many instances there may be.

use super::invalid::InvalidValue;
use super::numbers::is_plain_number;

/// So much of a resource: `memory=512Mi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `cpu`, `memory`, `nvidia.com/gpu`.
    pub name: String,
    /// How much, in the notation of Kubernetes: `250m`, `512Mi`.
    pub quantity: String,
}

/// The units of a quantity, and what one of each is:
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
const UNITS: [(&str, f64); 14] = [
    ("", 1.0),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
];

impl Resource {
    /// `NAME=QUANTITY`.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text.split_once('=') {
            Some((name, quantity)) if is_resource_name(name) && amount(quantity).is_some() => {
                Ok(Self { name: name.to_owned(), quantity: quantity.to_owned() })
            }
            Some(_) | None => {
                Err(InvalidValue::new(text, "expected a quantity such as cpu=250m or memory=512Mi"))
            }
        }
    }

    /// How much it is: processors, bytes, pieces.
    pub(crate) fn amount(&self) -> f64 {
        amount(&self.quantity).unwrap_or_default()
    }
}

fn is_resource_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"./-_".contains(&b))
}

/// How much `quantity` is; `None`: it is none.
fn amount(quantity: &str) -> Option<f64> {
    let unit = quantity.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = quantity[..quantity.len() - unit.len()].parse().ok()?;
    UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| number * size)
}

/// How many instances an engine may run, and when it runs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleRange {
    /// The fewest.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// The part of the requested processor time that they use on average, in percent.
    pub cpu: u32,
}

impl ScaleRange {
    /// `min=2,max=10,cpu=70`.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let value = |name: &str| {
            let mut pairs = text.split(',').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(found, _)| found.trim() == name)?;
            value.trim().parse().ok().filter(|_| is_plain_number(value.trim()))
        };
        let range = value("min")
            .zip(value("max"))
            .zip(value("cpu"))
            .map(|((min, max), cpu)| Self { min, max, cpu })
            .filter(|range| range.min > 0 && range.min <= range.max && range.cpu > 0);
        range.filter(|_| text.split(',').all(is_of_scale)).ok_or_else(|| {
            InvalidValue::new(text, "expected min, max and cpu (percent): { min = 2, max = 10, cpu = 70 }")
        })
    }
}

/// Whether this `NAME=VALUE` is a part of a [`ScaleRange`].
fn is_of_scale(pair: &str) -> bool {
    pair.split_once('=').is_some_and(|(name, _)| ["min", "max", "cpu"].contains(&name.trim()))
}
