//! Sending messages.

use std::sync::Arc;
use std::time::{Duration, Instant};

use handclasp_outbound::{Overflow, Request, Response};
use handclasp_store::delivery::{Attempt, DeliveryState};
use http::header::RETRY_AFTER;
use http::{Method, StatusCode};

use crate::board::{Manner, Work};
use crate::hub::{Hub, Made};
use crate::schedule;

/// How long an attempt may take, from resolving the name to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(15);
/// An answer that takes longer is slow.
const SLOW: Duration = Duration::from_secs(2);
/// An answer that takes longer has come a long way.
const FAR: Duration = Duration::from_millis(10);
/// How much of an answer is kept for the log: of failures, and of successes.
const KEPT_OF_FAILURE: usize = 4 * 1024;
const KEPT_OF_SUCCESS: usize = 256;

/// Begins to send what the board has, as far as there are places.
pub(crate) fn start(hub: &Arc<Hub>) {
    while let Some(work) = take(hub) {
        let hub = Arc::clone(hub);
        let senders = hub.senders.clone();
        senders.spawn(async move { send_on(&hub, work).await });
    }
}

fn take(hub: &Hub) -> Option<Work> {
    if hub.stop.is_cancelled() {
        return None;
    }
    // Nothing is sent by a process that may be dead to the others.
    hub.claim()?;
    hub.board().take()
}

/// Waits until told to stop, and then for what is on its way, within the grace. What does not end in it is given up, and sent
/// again by whoever comes next.
pub(crate) async fn wait_for_senders(hub: &Hub) {
    hub.stop.cancelled().await;
    hub.senders.close();
    let left = hub.board().running();
    if tokio::time::timeout(hub.options.grace, hub.senders.wait())
        .await
        .is_err()
    {
        tracing::info!(
            left,
            "webhooks on their way were given up; they are sent again"
        );
        hub.give_up.cancel();
    }
}

/// Sends one message after the other, while there are any.
async fn send_on(hub: &Arc<Hub>, first: Work) {
    let mut next = Some(first);
    while let Some(work) = next {
        // Boxed: this future is as large as a request, and there are hundreds.
        let (made, manner) = tokio::select! {
            biased;
            made = Box::pin(attempt(hub, &work)) => made,
            () = hub.give_up.cancelled() => return,
        };
        if made.gone {
            // First, so that what is written down of it comes after.
            hub.board().mute(&work);
        }
        // Where nobody writes it down any more, the process is ending: the message is sent again by the next.
        drop(hub.made.send(made).await);
        hub.board().done(&work, manner);
        next = take(hub);
    }
}

async fn attempt(hub: &Hub, work: &Work) -> (Made, Manner) {
    let message = &work.job.message;
    let number = work.job.attempts + 1;
    let at = hub.app.now();
    if number == 1 {
        metrics::histogram!("handclasp_webhook_lag_seconds").record(at.since(message.at));
    }
    let mut request = Request::new("webhook", Method::POST, work.outlet.url.clone());
    request.headers = work.outlet.key.headers(message.id, at, &message.body);
    request.body = message.body.clone();
    request.deadline = DEADLINE;
    request.max_body = KEPT_OF_FAILURE;
    request.on_overflow = Overflow::Truncate;
    let began = Instant::now();
    let answer = hub.app.outbound_to_customers().send(request).await;
    let took = began.elapsed();
    let now = hub.app.now();

    let (outcome, status, response, asked) = match &answer {
        Ok(answer) => (
            outcome(answer.status),
            Some(answer.status.as_u16()),
            excerpt(answer),
            answer
                .headers
                .get(RETRY_AFTER)
                .and_then(|value| schedule::retry_after(value, now)),
        ),
        Err(error) => (error.label(), None, String::new(), None),
    };
    let gone = status == Some(StatusCode::GONE.as_u16());
    let (state, next) = match outcome {
        "success" => (DeliveryState::Success, None),
        _ if gone => (DeliveryState::Failure, None),
        _ => match schedule::next(number, now, asked, &**hub.app.random()) {
            Some(next) => (DeliveryState::Attempting, Some(next)),
            None => (DeliveryState::Failure, None),
        },
    };
    let manner = match (&answer, took) {
        _ if gone => Manner::Gone,
        (Err(_), took) if took > SLOW => Manner::Silent,
        (Ok(_), took) if took > SLOW => Manner::Slow,
        (_, took) if took > FAR => Manner::Far,
        _ => Manner::Near,
    };
    metrics::counter!("handclasp_webhook_attempts_total", "outcome" => outcome).increment(1);
    let attempt = Attempt {
        lane: work.lane,
        event: message.id,
        number,
        at,
        outcome,
        status,
        response,
        micros: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
        state,
        next,
    };
    if !gone {
        hub.failures.note(&attempt);
    }
    let made = Made {
        attempt,
        gone,
        generation: work.generation,
    };
    (made, manner)
}

/// The log's word for an answer. Failures without one have the outgoing client's words.
fn outcome(status: StatusCode) -> &'static str {
    if status.is_success() {
        "success"
    } else if status == StatusCode::GONE {
        "gone"
    } else if status.is_redirection() {
        "redirect"
    } else {
        "status"
    }
}

/// The beginning of an answer's body, as text that any database takes.
fn excerpt(answer: &Response) -> String {
    let most = match answer.status.is_success() {
        true => KEPT_OF_SUCCESS,
        false => KEPT_OF_FAILURE,
    };
    let body = answer.body.get(..most).unwrap_or(&answer.body);
    String::from_utf8_lossy(body).replace('\0', "\u{fffd}")
}
