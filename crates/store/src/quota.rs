//! Quotas of requests, and how much of them is used.

use handclasp_domain::{ClientId, Day};

use crate::reader::Reader;
use crate::{Row, StoreError, Tx, statements, values};

/// What is stored of a client's quota; all of it empty where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// How many requests a day the operator gave this client, 0 for as many as it likes; none where the server's setting holds.
    pub daily: Option<i64>,
    /// The last day in which requests were counted, and how many there were.
    pub used: Option<(Day, i64)>,
    /// The day in which the client was told that nothing is left, until it is told that there is again.
    pub reached: Option<Day>,
}

statements! {
    /// One quota.
    GET = "SELECT daily, day, used, reached FROM client_quota WHERE client_id = $1";
    /// How many requests a day a client has.
    SET = "INSERT INTO client_quota (client_id, daily, day, used) VALUES ($1, $2, 0, 0)
        ON CONFLICT (client_id) DO UPDATE SET daily = excluded.daily";
    /// Further requests of a day. Those of a day that is over are not counted where a later one has begun.
    COUNT = "INSERT INTO client_quota (client_id, day, used) VALUES ($1, $2, $3)
        ON CONFLICT (client_id) DO UPDATE SET
        used = CASE WHEN client_quota.day = excluded.day THEN client_quota.used + excluded.used ELSE excluded.used END,
        day = excluded.day WHERE client_quota.day <= excluded.day";
    /// That a client is told that nothing is left; once a day.
    REACHED = "UPDATE client_quota SET reached = $2 WHERE client_id = $1 AND (reached IS NULL OR reached < $2)";
    /// Those who were told so before this day.
    DUE = "SELECT client_id, reached FROM client_quota WHERE reached < $1 ORDER BY reached LIMIT $2";
    /// That a client is told that there is again something; once.
    RESET = "UPDATE client_quota SET reached = NULL WHERE client_id = $1 AND reached = $2";
}

impl Quota {
    /// Reads the four columns from `first` on, which a left join may have left empty.
    pub(crate) fn read(row: &Row, first: usize) -> Result<Self, StoreError> {
        let day = |number: Option<i64>| number.map(Day::from_number);
        let (counted, used) = (day(row.get(first + 1)?), row.get::<Option<i64>>(first + 2)?);
        Ok(Self {
            daily: row.get(first)?,
            used: counted.zip(used),
            reached: day(row.get(first + 3)?),
        })
    }

    /// How many requests were counted on a day.
    pub fn used_on(&self, day: Day) -> i64 {
        match self.used {
            Some((counted, used)) if counted == day => used,
            Some(_) | None => 0,
        }
    }
}

/// What is stored of a client's quota.
pub async fn find(on: &mut impl Reader, client: ClientId) -> Result<Quota, StoreError> {
    match on.row(&GET, values![client]).await? {
        Some(row) => Quota::read(&row, 0),
        None => Ok(Quota::default()),
    }
}

/// Sets how many requests a day a client has; none for what the server's setting says.
pub async fn set(tx: &mut Tx, client: ClientId, daily: Option<i64>) -> Result<(), StoreError> {
    tx.execute(&SET, values![client, daily]).await?;
    Ok(())
}

/// Counts further requests of a day. What holds then is what [`find`] gives in the same transaction.
pub async fn count(
    tx: &mut Tx,
    client: ClientId,
    day: Day,
    further: i64,
) -> Result<(), StoreError> {
    tx.execute(&COUNT, values![client, day.number(), further])
        .await?;
    Ok(())
}

/// Notes that a client is told that nothing is left; false where it was told that day already.
pub async fn reach(tx: &mut Tx, client: ClientId, day: Day) -> Result<bool, StoreError> {
    Ok(tx.execute(&REACHED, values![client, day.number()]).await? == 1)
}

/// Clients that were told before `today` that nothing is left, and of nothing since.
pub async fn due_resets(
    on: &mut impl Reader,
    today: Day,
    limit: u32,
) -> Result<Vec<(ClientId, Day)>, StoreError> {
    on.rows(&DUE, values![today.number(), limit])
        .await?
        .iter()
        .map(|row| Ok((row.get(0)?, Day::from_number(row.get(1)?))))
        .collect()
}

/// Notes that a client is told that there is something left again; false where that was done already.
pub async fn reset(tx: &mut Tx, client: ClientId, reached: Day) -> Result<bool, StoreError> {
    Ok(tx
        .execute(&RESET, values![client, reached.number()])
        .await?
        == 1)
}
