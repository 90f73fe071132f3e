-- The first schema. One text for both engines: words in braces are replaced by each engine's own. `keyed` is for small rows that
-- are found by their primary key: SQLite keeps them in it, and so writes each once instead of twice.
--
-- Every table of a client has its primary key led by client_id, so that no query can forget the tenant, and
-- a unique index on id alone where an address holds only the id (a Link URL): it serves to find the client.
-- There are no foreign keys: on PostgreSQL they would make every insert lock its parent under SERIALIZABLE.
-- What belongs together is deleted together by the use case, and a test counts what is left.

CREATE TABLE client (
    id {uuid} NOT NULL PRIMARY KEY,
    name {text} NOT NULL,
    redirect_url {text} NOT NULL,
    allowed_redirect_urls {text} NOT NULL,
    logo_url {text},
    icon_url {text},
    confirm_company_name {bool} NOT NULL,
    alert_auth_header {bytes},
    created {instant} NOT NULL,
    version {int} NOT NULL
) {keyed};

-- The origins whose pages may call the API with a company's access token. A preflight names neither a client nor a token: whether
-- anybody allows its origin is asked by the index.
CREATE TABLE cors_origin (
    client_id {uuid} NOT NULL,
    origin {text} NOT NULL,
    place {int} NOT NULL,
    PRIMARY KEY (client_id, origin)
) {keyed};
CREATE INDEX cors_origin_origin ON cors_origin (origin);

-- Secrets of the server itself, sealed: what its MACs are derived from, and a known value that only the right master key opens.
CREATE TABLE server_secret (
    name {text} NOT NULL PRIMARY KEY,
    sealed {bytes} NOT NULL,
    created {instant} NOT NULL
) {keyed};

-- Keys are random, so a plain SHA-256 is enough: there is nothing to guess from it.
CREATE TABLE api_key (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name {text},
    hash {bytes} NOT NULL,
    scopes {int} NOT NULL,
    created {instant} NOT NULL,
    last_used {instant},
    PRIMARY KEY (client_id, id)
) {keyed};
CREATE UNIQUE INDEX api_key_hash ON api_key (client_id, hash);

-- A client's quota of requests and how much of it is used. daily: what the operator set for this client, 0 for none; without a
-- value the server's setting holds. day: the day of UTC (1970-01-01 is 0) in which it used so many. reached: the day in which it
-- was told that nothing is left, until it is told that there is again.
CREATE TABLE client_quota (
    client_id {uuid} NOT NULL PRIMARY KEY,
    daily {int},
    day {int} NOT NULL,
    used {int} NOT NULL,
    reached {int}
) {keyed};
CREATE INDEX client_quota_reached ON client_quota (reached) WHERE reached IS NOT NULL;

-- What a client set for an integration; without a row what the declaration says holds. scopes, place: none for the declared ones.
-- entered: which of the values that its staff enter are there, each name with the endpoints for which it was entered, so that lists
-- need not open the values themselves. These are sealed as one record, which holds the same again.
CREATE TABLE integration_setting (
    client_id {uuid} NOT NULL,
    platform_key {text} NOT NULL,
    enabled {bool} NOT NULL,
    scopes {text},
    place {int},
    entered {text} NOT NULL,
    sealed {bytes},
    updated {instant} NOT NULL,
    version {int} NOT NULL,
    PRIMARY KEY (client_id, platform_key)
) {strict};

-- In the order of creation, as lists mostly show them: a page's companies lie in one place. By its id a company is found through
-- company_id, which is also what writing transactions read by: ids are random, so two of them seldom meet on a page of that index.
CREATE TABLE company (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    name {text} NOT NULL,
    description {text},
    tags {text} NOT NULL,
    products {text} NOT NULL,
    parent_id {uuid},
    created {instant} NOT NULL,
    created_by {text},
    last_sync {instant},
    PRIMARY KEY (client_id, created, id)
) {keyed};
CREATE UNIQUE INDEX company_id ON company (id);

-- What lists of companies are ordered and filtered by: a row a company, in the order of creation, so that one pass over a client's rows
-- answers whatever no index does. name and description without case; last_sync 0 where it never was; tags and connections: the marks
-- of company_mark, one after the other.
CREATE TABLE company_list (
    client_id {uuid} NOT NULL,
    created {instant} NOT NULL,
    company_id {uuid} NOT NULL,
    name {text} NOT NULL,
    last_sync {instant} NOT NULL,
    tags {text} NOT NULL,
    connections {text} NOT NULL,
    description {text},
    PRIMARY KEY (client_id, created, company_id)
) {keyed};
CREATE INDEX company_list_name ON company_list (client_id, name, created, company_id);
CREATE INDEX company_list_last_sync ON company_list (client_id, last_sync, created, company_id);

-- Which companies have a tag, or a connection in a status, of a kind, to an integration, in the order of creation. n: how many of the
-- company's connections give it the mark; 1 for tags. How many companies have a mark is kept in counter.
CREATE TABLE company_mark (
    client_id {uuid} NOT NULL,
    mark {text} NOT NULL,
    created {instant} NOT NULL,
    company_id {uuid} NOT NULL,
    n {int} NOT NULL,
    PRIMARY KEY (client_id, mark, created, company_id)
) {keyed};

-- The other side of company.parent_id. It is no index of company, so that it has one way to be read and costs other companies nothing.
CREATE TABLE subsidiary (
    client_id {uuid} NOT NULL,
    parent_id {uuid} NOT NULL,
    company_id {uuid} NOT NULL,
    PRIMARY KEY (client_id, parent_id, company_id)
) {keyed};

-- Deleted companies whose events are to be emptied once none of them can be on its way any more.
CREATE TABLE erasure (
    client_id {uuid} NOT NULL,
    company_id {uuid} NOT NULL,
    due_at {instant} NOT NULL,
    PRIMARY KEY (client_id, company_id)
) {keyed};
CREATE INDEX erasure_due ON erasure (due_at);

-- Exact totals without counting: the sum over the slots. A slot belongs to one database connection at a time, so that two
-- transactions never change the same row.
CREATE TABLE counter (
    client_id {uuid} NOT NULL,
    kind {text} NOT NULL,
    slot {int} NOT NULL,
    n {int} NOT NULL,
    PRIMARY KEY (client_id, kind, slot)
) {keyed};

-- A company's connections lie together, and those of companies made one after the other next to each other, since lists of companies
-- show them all. company_created: as in the company's own row. All but lists finds them by connection_company.
CREATE TABLE connection (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    company_created {instant} NOT NULL,
    company_id {uuid} NOT NULL,
    platform_key {text} NOT NULL,
    source_type {text} NOT NULL,
    state {text} NOT NULL,
    state_since {instant},
    third_party_id {text},
    third_party_name {text},
    created {instant} NOT NULL,
    last_sync {instant},
    version {int} NOT NULL,
    PRIMARY KEY (client_id, company_created, company_id, id)
) {keyed};
CREATE UNIQUE INDEX connection_company ON connection (company_id, id);

CREATE TABLE connection_error (
    client_id {uuid} NOT NULL,
    connection_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    status_code {text} NOT NULL,
    status_text {text} NOT NULL,
    error_message {text} NOT NULL,
    errored_at {instant} NOT NULL,
    resolved_at {instant},
    PRIMARY KEY (client_id, connection_id, id)
) {keyed};

-- What a linked connection holds: tokens, sealed as one record. company_id and platform_key are the connection's own.
-- expires_at, lapses_at: when the access token and the refresh token end, where the third party says so. due_at: when it is
-- refreshed without being asked for. failures: how often that went wrong since it last went well. claimed_by, claimed_at,
-- claimed_until: the replica that refreshes it, since when, and until when that is believed of one that is alive; always empty on
-- SQLite, where there is one.
CREATE TABLE credential (
    client_id {uuid} NOT NULL,
    connection_id {uuid} NOT NULL,
    company_id {uuid} NOT NULL,
    platform_key {text} NOT NULL,
    sealed {bytes} NOT NULL,
    scopes {text} NOT NULL,
    expires_at {instant},
    lapses_at {instant},
    due_at {instant},
    failures {int} NOT NULL,
    claimed_by {uuid},
    claimed_at {instant},
    claimed_until {instant},
    updated {instant} NOT NULL,
    version {int} NOT NULL,
    PRIMARY KEY (client_id, connection_id)
) {strict};
CREATE INDEX credential_due ON credential (platform_key, due_at) WHERE due_at IS NOT NULL;

-- Tokens on their way out: sealed anew for this table, read by the revocation job alone, destroyed once revoked.
CREATE TABLE revocation (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    platform_key {text} NOT NULL,
    sealed {bytes} NOT NULL,
    attempts {int} NOT NULL,
    due_at {instant} NOT NULL,
    created {instant} NOT NULL,
    PRIMARY KEY (client_id, id)
) {strict};
CREATE INDEX revocation_due ON revocation (due_at);

-- One browser's walk through Link for one company. The browser is known by the hash of its cookie.
CREATE TABLE journey (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    company_id {uuid} NOT NULL,
    browser {bytes} NOT NULL,
    parameters {text} NOT NULL,
    started {instant} NOT NULL,
    ended {instant},
    acted_connection {uuid},
    linked_connection {uuid},
    outcome {int},
    status_text {text} NOT NULL,
    PRIMARY KEY (client_id, id)
) {keyed};
CREATE INDEX journey_browser ON journey (client_id, company_id, browser, started);
CREATE INDEX journey_started ON journey (started);

-- Answers to requests with an idempotency key, sealed, to be given again until they expire. fingerprint: a MAC of the request.
CREATE TABLE kept_answer (
    client_id {uuid} NOT NULL,
    request_key {uuid} NOT NULL,
    company_id {uuid},
    fingerprint {bytes} NOT NULL,
    sealed {bytes} NOT NULL,
    expires_at {instant} NOT NULL,
    PRIMARY KEY (client_id, request_key)
) {strict};
CREATE INDEX kept_answer_company ON kept_answer (client_id, company_id);
CREATE INDEX kept_answer_expires ON kept_answer (expires_at);

-- One attempt to sign in at a third party. Its state secret, PKCE verifier and nonce are sealed in one record.
CREATE TABLE authorization_request (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    company_id {uuid} NOT NULL,
    connection_id {uuid} NOT NULL,
    platform_key {text} NOT NULL,
    journey_id {uuid},
    browser {bytes} NOT NULL,
    parameters {text} NOT NULL,
    sealed {bytes} NOT NULL,
    state {text} NOT NULL,
    claimed_by {uuid},
    claimed_at {instant},
    failure {text},
    status_text {text} NOT NULL,
    other_party {text},
    created {instant} NOT NULL,
    PRIMARY KEY (client_id, id)
) {strict};
CREATE INDEX authorization_request_company ON authorization_request (client_id, company_id);
CREATE INDEX authorization_request_created ON authorization_request (created);
CREATE INDEX authorization_request_started ON authorization_request (created) WHERE state = 'started';
CREATE INDEX authorization_request_choosing ON authorization_request (created) WHERE state = 'choosing';
CREATE INDEX authorization_request_exchanging ON authorization_request (claimed_at) WHERE state = 'exchanging';

-- Append only.
CREATE TABLE consent (
    client_id {uuid} NOT NULL,
    company_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    connection_id {uuid} NOT NULL,
    platform_key {text} NOT NULL,
    text {text} NOT NULL,
    text_version {text} NOT NULL,
    locale {text} NOT NULL,
    data_types {text} NOT NULL,
    asked_by {text} NOT NULL,
    address_mac {bytes} NOT NULL,
    user_agent_mac {bytes} NOT NULL,
    at {instant} NOT NULL,
    expires_at {instant},
    PRIMARY KEY (client_id, company_id, id)
) {strict};

-- Every change that the client is told of, in the transaction of the change. pending: 1 where it is not yet fanned out to
-- consumers, 2 where it could not be read and is set aside. company_id is empty where it is about the client itself.
CREATE TABLE event (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    kind {text} NOT NULL,
    company_id {uuid},
    facts {text} NOT NULL,
    at {instant} NOT NULL,
    pending {int} NOT NULL,
    PRIMARY KEY (client_id, id)
) {strict};
CREATE INDEX event_pending ON event (id) WHERE pending = 1;
CREATE INDEX event_set_aside ON event (id) WHERE pending = 2;
CREATE INDEX event_company ON event (client_id, company_id, id);

CREATE TABLE consumer (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    url {text} NOT NULL,
    event_types {text} NOT NULL,
    company_tags {text} NOT NULL,
    disabled {bool} NOT NULL,
    secret {bytes} NOT NULL,
    created {instant} NOT NULL,
    PRIMARY KEY (client_id, id)
) {keyed};

-- Rules, the older form of consumers: for one company or, without company_id, for all.
CREATE TABLE rule (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    company_id {uuid},
    kind {text} NOT NULL,
    webhook {text} NOT NULL,
    created {instant} NOT NULL,
    PRIMARY KEY (client_id, id)
) {keyed};

-- What keeps a consumer's deliveries moving, apart from the consumer itself, which is only looked at by fan-out.
-- due_at: when to look for deliveries next. version: counts what might change that, so that two never undo each other.
-- claimed_by, claimed_epoch: the replica that delivers to this consumer; always empty on SQLite, where there is one.
-- closed_at: when the consumer was deleted; its deliveries go in steps, and this row last.
CREATE TABLE consumer_lane (
    client_id {uuid} NOT NULL,
    consumer_id {uuid} NOT NULL,
    due_at {instant} NOT NULL,
    version {int} NOT NULL,
    claimed_by {uuid},
    claimed_epoch {int},
    closed_at {instant},
    PRIMARY KEY (client_id, consumer_id)
) {keyed};
CREATE INDEX consumer_lane_due ON consumer_lane (due_at, client_id, consumer_id);
CREATE INDEX consumer_lane_claimed ON consumer_lane (claimed_by, claimed_epoch) WHERE claimed_by IS NOT NULL;

-- One row a message and consumer. open: not yet delivered and not given up; due_at: when it is tried next.
CREATE TABLE delivery (
    client_id {uuid} NOT NULL,
    consumer_id {uuid} NOT NULL,
    event_id {uuid} NOT NULL,
    state {text} NOT NULL,
    attempts {int} NOT NULL,
    open {int} NOT NULL,
    due_at {instant} NOT NULL,
    PRIMARY KEY (client_id, consumer_id, event_id)
) {keyed};
CREATE INDEX delivery_open ON delivery (client_id, consumer_id, due_at, event_id) WHERE open = 1;

CREATE TABLE delivery_attempt (
    client_id {uuid} NOT NULL,
    consumer_id {uuid} NOT NULL,
    event_id {uuid} NOT NULL,
    number {int} NOT NULL,
    at {instant} NOT NULL,
    outcome {text} NOT NULL,
    status {int},
    response {text} NOT NULL,
    micros {int} NOT NULL,
    PRIMARY KEY (client_id, consumer_id, event_id, number)
) {keyed};

-- Running processes. One is dead when alive_until has passed, and what it claimed may be taken by another. One that lived
-- past its own death goes on under the next epoch.
CREATE TABLE replica (
    id {uuid} NOT NULL PRIMARY KEY,
    epoch {int} NOT NULL,
    alive_until {instant} NOT NULL
) {strict};
CREATE INDEX replica_alive ON replica (alive_until);

CREATE TABLE audit (
    client_id {uuid} NOT NULL,
    id {uuid} NOT NULL,
    at {instant} NOT NULL,
    actor {text} NOT NULL,
    actor_id {uuid},
    action {text} NOT NULL,
    company_id {uuid},
    subject_id {uuid},
    address {text},
    correlation_id {uuid},
    PRIMARY KEY (client_id, id)
) {keyed};
CREATE INDEX audit_company ON audit (client_id, company_id, id);

-- The built-in third party's own memory: what it granted. It knows nothing of clients and connections, as a real one would not.
CREATE TABLE sandbox_grant (
    id {uuid} NOT NULL PRIMARY KEY,
    app {text} NOT NULL,
    browser {bytes},
    subject {text} NOT NULL,
    organisations {text} NOT NULL,
    scope {text} NOT NULL,
    scenario {text} NOT NULL,
    generation {int} NOT NULL,
    revoked {instant},
    created {instant} NOT NULL
) {keyed};
CREATE INDEX sandbox_grant_created ON sandbox_grant (created);
CREATE INDEX sandbox_grant_browser ON sandbox_grant (browser, created) WHERE browser IS NOT NULL;
CREATE INDEX sandbox_grant_revoked ON sandbox_grant (revoked) WHERE revoked IS NOT NULL;
