-- Queries about phones of our own that lock what they read, so that nobody else acts on the same row meanwhile.

-- name: enrolment_found
-- A code or key by its hash.
SELECT id, account, expires, used, revoked FROM enrolments WHERE digest = ?1 AND kind = ?2 /*pg FOR UPDATE */

-- name: device_offers
-- columns: id, message, receiver, slot, state, valid, offered, at
-- What a phone is to know of: offered or accepted attempts, and those that are asked back.
SELECT id, message, receiver, slot, state, valid, offered, at FROM device_attempts
WHERE device = ?1 AND state IN (0, 1, 2, 5) AND state <> 2 ORDER BY id /*pg FOR UPDATE */

-- name: device_attempts_of
-- values: id bigint, device bigint
-- columns: id, message, account, receiver, connector, device, sim, slot, parts, state, open, n, at, offered, accepted, submitted, sent, done, valid, lease, reason, error, reference, counted, late
-- Attempts that a device reports on; those of others are not found.
SELECT a.id AS id, a.message AS message, a.account AS account, a.receiver AS receiver, a.connector AS connector,
  a.device AS device, a.sim AS sim, a.slot AS slot, a.parts AS parts, a.state AS state, a.open AS open, a.n AS n,
  a.at AS at, a.offered AS offered, a.accepted AS accepted, a.submitted AS submitted, a.sent AS sent, a.done AS done,
  a.valid AS valid, a.lease AS lease, a.reason AS reason, a.error AS error, a.reference AS reference,
  a.counted AS counted, a.late AS late
FROM v JOIN device_attempts a ON a.id = v.id AND a.device = v.device /*pg FOR UPDATE OF a */

-- name: device_attempts_due
-- columns: id, message, account, receiver, connector, device, sim, slot, parts, state, open, n, at, offered, accepted, submitted, sent, done, valid, lease, reason, error, reference, counted, late
-- Open attempts that are to be looked at now; one that another process looks at is left to it.
SELECT id, message, account, receiver, connector, device, sim, slot, parts, state, open, n, at, offered, accepted,
  submitted, sent, done, valid, lease, reason, error, reference, counted, late FROM device_attempts
WHERE open = 1 AND lease > 0 AND lease <= ?1 ORDER BY lease LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED */

-- name: device_attempts_beside
-- values: message bigint
-- columns: id, message, account, receiver, connector, device, sim, slot, parts, state, open, n, at, offered, accepted, submitted, sent, done, valid, lease, reason, error, reference, counted, late
-- All attempts of messages, the oldest first.
SELECT a.id AS id, a.message AS message, a.account AS account, a.receiver AS receiver, a.connector AS connector,
  a.device AS device, a.sim AS sim, a.slot AS slot, a.parts AS parts, a.state AS state, a.open AS open, a.n AS n,
  a.at AS at, a.offered AS offered, a.accepted AS accepted, a.submitted AS submitted, a.sent AS sent, a.done AS done,
  a.valid AS valid, a.lease AS lease, a.reason AS reason, a.error AS error, a.reference AS reference,
  a.counted AS counted, a.late AS late
FROM v JOIN device_attempts a ON a.message = v.message ORDER BY a.id /*pg FOR UPDATE OF a */

-- name: sims_fitness
-- values: id bigint
-- columns: id, failures, recent, cooldown, cooldowns, probing, suspect, generic
-- How the attempts of SIM cards have ended.
SELECT s.id AS id, s.failures AS failures, s.recent AS recent, s.cooldown AS cooldown, s.cooldowns AS cooldowns,
  s.probing AS probing, s.suspect AS suspect, s.generic AS generic
FROM v JOIN sims s ON s.id = v.id ORDER BY s.id /*pg FOR UPDATE OF s */

-- name: sims_locked
-- values: id bigint
-- columns: id, last, cooldown, cooldowns, probing, recent, day, day_used, month, month_used, failures
-- Lock SIM cards, always in the same order, so that nobody else gives them work meanwhile.
SELECT s.id AS id, s.last AS last, s.cooldown AS cooldown, s.cooldowns AS cooldowns, s.probing AS probing,
  s.recent AS recent, s.day AS day, s.day_used AS day_used, s.month AS month, s.month_used AS month_used,
  s.failures AS failures
FROM v JOIN sims s ON s.id = v.id ORDER BY s.id /*pg FOR UPDATE OF s */

-- name: phones_page
-- columns: id, submission, account, user_id, receiver, text, parts, price, state, priority, turn, due, expires, route, connector, attempts, refusal, maybe
-- A page of the queue for phones, in its order, behind a given message.
SELECT id, submission, account, user_id, receiver, text, parts, price, state, priority, turn, due, expires, route,
  connector, attempts, refusal, maybe
FROM messages WHERE node = ?1 AND connector = ?2 AND state IN (1, 2) AND state = 1
AND (priority, turn, id) > (?3, ?4, ?5) ORDER BY priority, turn, id LIMIT ?6

-- name: adopt_held
-- Take over what phones hold for a node that is gone: it is not sent again.
UPDATE messages SET node = ?2 WHERE node = ?1 AND state IN (1, 2) AND state = 2
AND EXISTS (SELECT 1 FROM device_attempts a WHERE a.message = messages.id AND a.open = 1)

-- name: sticky_sims
-- values: sender text, since bigint
-- columns: sender, sim
-- The SIM cards that people wrote to lately, the newest last.
SELECT v.sender AS sender, i.sim AS sim FROM v JOIN device_inbounds i ON i.sender = v.sender AND i.stored >= v.since
WHERE i.sim > 0 ORDER BY i.stored
