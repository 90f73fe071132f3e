//! How many requests are taken: of an address, of somebody who guesses keys, of a client in a day.
//!
//! All of it is decided in memory. What a client has used is written down once a second, with what other replicas have seen added: see
//! [`App::flush_tallies`]. So each replica lets through at most what comes to it in that second beyond a quota that others have used up.

mod buckets;
mod meter;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handclasp_domain::{ClientId, Day, OverLimit, Standing};

use crate::App;
use crate::authenticate::KnownKey;
use buckets::Buckets;
pub(crate) use meter::{Meter, Metered, daily};

/// What the operator set; 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitSettings {
    /// How many requests a minute an address may make.
    pub address_per_minute: u32,
    /// How many wrong keys a minute an address may show.
    pub wrong_keys_per_minute: u32,
    /// How many requests a day a client has that was given no other quota.
    pub daily_quota: u32,
}

/// What is counted.
pub(crate) struct Limits {
    addresses: Option<Buckets>,
    guesses: Option<Buckets>,
    meters: Mutex<HashMap<ClientId, Arc<Meter>>>,
    tallies: Mutex<Tallies>,
}

/// What has something to be written down.
#[derive(Default)]
struct Tallies {
    keys: Vec<Arc<KnownKey>>,
    meters: Vec<Arc<Meter>>,
}

impl Limits {
    pub(crate) fn new(settings: LimitSettings) -> Self {
        Self {
            addresses: Buckets::new(settings.address_per_minute),
            guesses: Buckets::new(settings.wrong_keys_per_minute),
            meters: Mutex::default(),
            tallies: Mutex::default(),
        }
    }

    /// The meter of a client. There is one for each client that has shown a good key or token.
    pub(crate) fn meter(&self, client: ClientId, today: Day) -> Arc<Meter> {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        let meter = meters.entry(client);
        meter
            .or_insert_with(|| Arc::new(Meter::new(client, today)))
            .clone()
    }

    /// Has a meter written down in the next second.
    pub(crate) fn note_meter(&self, meter: &Arc<Meter>) {
        self.tallies().meters.push(meter.clone());
    }

    /// Has a key's last use written down in the next second.
    pub(crate) fn note_key(&self, key: &Arc<KnownKey>) {
        self.tallies().keys.push(key.clone());
    }

    /// Takes what is to be written down.
    pub(crate) fn take_tallies(&self) -> (Vec<Arc<KnownKey>>, Vec<Arc<Meter>>) {
        let tallies = std::mem::take(&mut *self.tallies());
        (tallies.keys, tallies.meters)
    }

    fn tallies(&self) -> MutexGuard<'_, Tallies> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an address says who calls. That of this machine does not: behind a proxy here that is not among the trusted ones, everybody
/// would have it.
fn tells(address: &IpAddr) -> bool {
    !address.to_canonical().is_loopback()
}

impl App {
    /// Takes a request of an address, or refuses it. Before anything else is looked at.
    pub fn take_request(&self, from: Option<IpAddr>) -> Result<Standing, OverLimit> {
        let now = self.now();
        match (&self.limits().addresses, from.filter(tells)) {
            (Some(buckets), Some(from)) => buckets.take(from, now),
            (None, _) | (_, None) => Ok(Standing::unlimited(now)),
        }
    }

    /// Takes a guess of an address, or refuses it. Before the key is looked up, so that guesses that come all at once do not get past.
    pub(crate) fn take_guess(&self, from: Option<IpAddr>) -> Result<(), OverLimit> {
        match (&self.limits().guesses, from.filter(tells)) {
            (Some(buckets), Some(from)) => buckets.take(from, self.now()).map(drop),
            (None, _) | (_, None) => Ok(()),
        }
    }

    /// Gives back a guess that was none: the key is good.
    pub(crate) fn give_back_guess(&self, from: Option<IpAddr>) {
        if let (Some(buckets), Some(from)) = (&self.limits().guesses, from.filter(tells)) {
            buckets.give_back(from, self.now());
        }
    }
}
