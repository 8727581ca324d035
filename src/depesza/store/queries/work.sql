-- Queries of those who look for work: start, take-over, what falls due.

-- name: queue_page
-- columns: id, submission, account, user_id, receiver, text, parts, price, state, priority, turn, due, expires, route, connector, attempts, refusal, maybe
-- A page of a lane's queue, in its order.
SELECT id, submission, account, user_id, receiver, text, parts, price, state, priority, turn, due, expires, route,
  connector, attempts, refusal, maybe
FROM messages WHERE node = ?1 AND connector = ?2 AND state IN (1, 2) AND state = 1
ORDER BY priority, turn LIMIT ?3

-- name: queue_lanes
-- columns: connector
-- Connectors for which this node has queued messages.
SELECT DISTINCT connector FROM messages WHERE node = ?1 AND state IN (1, 2)

-- name: contents
-- values: id bigint
-- columns: id, account, user_id, dialect, created, sender, text, tag, alphabet, flash, priority, due, deferred, expires, reply_to, count, batch, way, callback, channel, extras
-- The contents of submissions.
SELECT s.id AS id, s.account AS account, s.user_id AS user_id, s.dialect AS dialect, s.created AS created,
  s.sender AS sender, s.text AS text, s.tag AS tag, s.alphabet AS alphabet, s.flash AS flash,
  s.priority AS priority, s.due AS due, s.deferred AS deferred, s.expires AS expires, s.reply_to AS reply_to,
  s.count AS count, s.batch AS batch, s.way AS way, s.callback AS callback,
  s.channel AS channel, s.extras AS extras
FROM v JOIN submissions s ON s.id = v.id

-- name: sending_page
-- columns: id, account
-- What was being sent by a node that is gone; what our own phones hold goes on as it stands.
SELECT id, account FROM messages WHERE node = ?1 AND state IN (1, 2) AND state = 2
AND NOT EXISTS (SELECT 1 FROM device_attempts a WHERE a.message = messages.id AND a.open = 1) LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED */

-- name: adopt_queued
-- Take over the queue of a node that is gone; what it was sending is judged one by one.
UPDATE messages SET node = ?2 WHERE node = ?1 AND state IN (1, 2) AND state = 1

-- name: adopt_notices
UPDATE notices SET node = ?2 WHERE state = 0 AND node = ?1

-- name: adopt_campaigns
UPDATE campaigns SET node = ?2
WHERE node = ?1 AND status IN ('running', 'inserted', 'to_cancel', 'cancelling')

-- name: adopt_mailings
UPDATE mailings SET node = ?2 WHERE node = ?1 AND open = 1

-- name: adopt_tasks
UPDATE tasks SET node = ?2 WHERE node = ?1 AND status IN ('todo', 'doing')

-- name: adopt_audiences
-- Lists that a node was loading when it ended: nobody waits for them any more.
UPDATE audiences SET node = ?2, status = 'gone' WHERE node = ?1 AND status <> 'ready'

-- name: adopt_builds
UPDATE builds SET node = ?2 WHERE node = ?1

-- name: adopt_lookups
-- Take over the look-ups of a node that is gone; asking a network twice does no harm.
UPDATE lookups SET node = ?2, status = 'todo' WHERE node = ?1 AND status IN ('todo', 'doing')

-- name: due_page
-- columns: id
-- Scheduled messages whose time has come.
SELECT id FROM messages WHERE state = 0 AND due <= ?1 ORDER BY due LIMIT ?2 /*pg FOR UPDATE SKIP LOCKED */

-- name: make_due
-- values: id bigint, node bigint, turn bigint
UPDATE messages SET state = 1, node = v.node, turn = CASE WHEN messages.turn > v.turn THEN messages.turn ELSE v.turn END
FROM v WHERE messages.id = v.id AND messages.state = 0

-- name: next_due
SELECT MIN(due) FROM messages WHERE state = 0

-- name: messages_whole
-- values: id bigint
-- columns: id, submission, account, user_id, receiver, text, parts, price, state, priority, turn, due, expires, route, connector, attempts, refusal, maybe
SELECT m.id AS id, m.submission AS submission, m.account AS account, m.user_id AS user_id,
  m.receiver AS receiver, m.text AS text, m.parts AS parts, m.price AS price, m.state AS state,
  m.priority AS priority, m.turn AS turn, m.due AS due, m.expires AS expires, m.route AS route,
  m.connector AS connector, m.attempts AS attempts, m.refusal AS refusal, m.maybe AS maybe
FROM v JOIN messages m ON m.id = v.id

-- name: notices_page
-- Waiting notices of this node, the oldest due first.
SELECT id, account, dialect, kind, url, fact, message, due, created, tries FROM notices
WHERE state = 0 AND node = ?1 AND due <= ?2 ORDER BY due, id LIMIT ?3

-- name: parked_page
-- Receipts without a message, after a given one.
SELECT id, connector, remote, at, receipt FROM parked WHERE id > ?1 ORDER BY id LIMIT ?2

-- name: stale_page
-- columns: id
-- Taken by a carrier, never reported, and their validity is long over. No news of a mail is good news.
SELECT id FROM messages WHERE id > ?1 AND id < ?2 AND state IN (3, 4) AND expires > 0 AND expires < ?3
  AND NOT (state = 3 AND EXISTS (SELECT 1 FROM submissions s WHERE s.id = messages.submission AND s.channel = 'mail'))
ORDER BY id LIMIT ?4

-- name: newest_id
-- The largest id anywhere: a process begins above it.
SELECT MAX(id) FROM (
  SELECT MAX(id) AS id FROM messages UNION ALL
  SELECT MAX(id) AS id FROM submissions UNION ALL
  SELECT MAX(id) AS id FROM entries UNION ALL
  SELECT MAX(id) AS id FROM notices UNION ALL
  SELECT MAX(id) AS id FROM segments UNION ALL
  SELECT MAX(id) AS id FROM inbounds UNION ALL
  SELECT MAX(id) AS id FROM parked UNION ALL
  SELECT MAX(id) AS id FROM acts UNION ALL
  SELECT MAX(id) AS id FROM orders UNION ALL
  SELECT MAX(id) AS id FROM carts UNION ALL
  SELECT MAX(id) AS id FROM cart_items UNION ALL
  SELECT MAX(id) AS id FROM vouchers UNION ALL
  SELECT MAX(id) AS id FROM packs UNION ALL
  SELECT MAX(id) AS id FROM audiences UNION ALL
  SELECT MAX(id) AS id FROM campaigns UNION ALL
  SELECT MAX(id) AS id FROM tasks UNION ALL
  SELECT MAX(id) AS id FROM documents UNION ALL
  SELECT MAX(content) AS id FROM documents UNION ALL
  SELECT MAX(content) AS id FROM document_pages UNION ALL
  SELECT MAX(id) AS id FROM phonebooks UNION ALL
  SELECT MAX(id) AS id FROM contacts UNION ALL
  SELECT MAX(id) AS id FROM lookups UNION ALL
  SELECT MAX(request) AS id FROM lookups UNION ALL
  SELECT MAX(id) AS id FROM devices UNION ALL
  SELECT MAX(id) AS id FROM sims UNION ALL
  SELECT MAX(id) AS id FROM device_attempts UNION ALL
  SELECT MAX(id) AS id FROM device_rules UNION ALL
  SELECT MAX(id) AS id FROM device_bells UNION ALL
  SELECT MAX(id) AS id FROM enrolments UNION ALL
  SELECT MAX(id) AS id FROM owners UNION ALL
  SELECT MAX(id) AS id FROM accounts UNION ALL
  SELECT MAX(id) AS id FROM users UNION ALL
  SELECT MAX(id) AS id FROM applications UNION ALL
  SELECT MAX(id) AS id FROM credentials UNION ALL
  SELECT MAX(id) AS id FROM connectors UNION ALL
  SELECT MAX(id) AS id FROM routes UNION ALL
  SELECT MAX(id) AS id FROM prices UNION ALL
  SELECT MAX(id) AS id FROM restrictions
) AS newest

-- name: lease_rows
SELECT name, holder, fence, until FROM leases WHERE name LIKE 'node:%'

-- name: lease_take
INSERT INTO leases (name, holder, fence, until) VALUES (?1, ?2, 1, ?3)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = leases.fence + 1, until = excluded.until
WHERE leases.until < ?4 OR leases.holder = excluded.holder

-- name: lease_renew
UPDATE leases SET until = ?3 WHERE name = ?1 AND holder = ?2 AND until >= ?4

-- name: lease_drop
UPDATE leases SET until = 0 WHERE name = ?1 AND holder = ?2

-- name: lease_bury
UPDATE leases SET until = -1 WHERE name = ?1

-- name: lease_move
-- The holder has a new connection.
UPDATE leases SET holder = ?3 WHERE name = ?1 AND holder = ?2

-- name: facts_version
SELECT value FROM meta WHERE key = 'facts'

-- name: facts_bump
INSERT INTO meta (key, value) VALUES ('facts', 1) ON CONFLICT (key) DO UPDATE SET value = meta.value + 1
