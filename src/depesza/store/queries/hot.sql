-- Statements that run for every message, written once for both databases.
--
-- Each begins with its name; `values` are the columns and types of the virtual table `v`, one row per item, which
-- the driver puts in front; `columns` are what a query returns when it returns many rows; ?1, ?2 are single
-- parameters; and text between slash-star-pg or slash-star-sqlite and star-slash is for that database only.

-- name: claim
-- values: id bigint, node bigint, connector bigint
-- Mark messages as sending; those cancelled or taken over meanwhile stay as they are.
UPDATE messages SET state = 2, connector = v.connector, attempts = messages.attempts + 1
FROM v WHERE messages.id = v.id AND messages.state = 1 AND messages.node = v.node

-- name: claimed
-- values: id bigint, node bigint, connector bigint
-- columns: id
-- Which of these did we mark, when not all could be; one that is on its way elsewhere is not ours to send.
SELECT messages.id FROM v JOIN messages ON messages.id = v.id
WHERE messages.state = 2 AND messages.node = v.node AND messages.connector = v.connector

-- name: move
-- values: id bigint, was bigint, state bigint, refusal text, sent bigint, done bigint, due bigint, maybe bigint, connector bigint
-- Move messages along their life; one that has moved on meanwhile stays. Zero or empty means "as it is".
UPDATE messages SET
  state = v.state,
  refusal = v.refusal,
  sent = CASE WHEN v.sent > 0 THEN v.sent ELSE messages.sent END,
  done = CASE WHEN v.done > 0 THEN v.done ELSE messages.done END,
  due = CASE WHEN v.due > 0 THEN v.due ELSE messages.due END,
  maybe = CASE WHEN v.maybe > 0 THEN 1 ELSE messages.maybe END,
  connector = CASE WHEN v.connector > 0 THEN v.connector ELSE messages.connector END
FROM v WHERE messages.id = v.id AND messages.state = v.was

-- name: part_state
-- values: connector bigint, remote text, state bigint
-- Write down what became of a part.
UPDATE remotes SET state = v.state FROM v WHERE remotes.connector = v.connector AND remotes.remote = v.remote

-- name: notice_done
-- values: id bigint, state bigint, tries bigint, due bigint
-- Write down a try of a notice.
UPDATE notices SET state = v.state, tries = v.tries, due = v.due FROM v WHERE notices.id = v.id

-- name: unpark
-- values: id bigint
-- Forget parked receipts that found their message.
DELETE FROM parked WHERE id IN (SELECT id FROM v)

-- name: lookup_done
-- values: id bigint, status text, done bigint, finding bytea
-- Write down what is known of a number.
UPDATE lookups SET status = v.status, done = v.done, finding = v.finding FROM v WHERE lookups.id = v.id

-- name: lookup_prices
-- values: id bigint
-- columns: id, account, wallet, price, number, dialect, tag
-- Which of these look-ups are open, what they cost, and in whose words they are told.
SELECT l.id AS id, l.account AS account, l.wallet AS wallet, l.price AS price, l.number AS number,
  l.dialect AS dialect, l.tag AS tag
FROM v JOIN lookups l ON l.id = v.id
WHERE l.status IN ('todo', 'doing') /*pg FOR UPDATE OF l */

-- name: wallet
SELECT balance, optouts, serial FROM wallets WHERE id = ?1 /*pg FOR UPDATE */

-- name: wallet_look
SELECT balance, optouts, serial FROM wallets WHERE id = ?1

-- name: tallied
-- values: account bigint, key text
-- columns: account, key, at, count
-- How often accounts did something lately.
SELECT t.account AS account, t.key AS key, t.at AS at, t.count AS count
FROM v JOIN tallies t ON t.account = v.account AND t.key = v.key

-- name: stopped
-- values: account bigint, number text
-- columns: number, kind
-- Which of these numbers asked this account for silence, or were barred.
SELECT optouts.number AS number, optouts.kind AS kind FROM v JOIN optouts ON optouts.account = v.account AND optouts.number = v.number

-- name: find_remotes
-- values: n bigint, connector bigint, remote text
-- columns: n, remote, part, part_state, id, account, user_id, state, parts, price, receiver, connector, submission, sender, dialect, tag, callback, way, channel, shape
-- Find the messages of carriers' ids, with what a receipt needs to know.
SELECT v.n AS n, r.remote AS remote, r.part AS part, r.state AS part_state, m.id AS id, m.account AS account,
  m.user_id AS user_id, m.state AS state, m.parts AS parts, m.price AS price, m.receiver AS receiver,
  m.connector AS connector, m.submission AS submission, s.sender AS sender, s.dialect AS dialect, s.tag AS tag,
  s.callback AS callback, s.way AS way, s.channel AS channel,
  CASE WHEN s.alphabet = 'binary' THEN CASE WHEN s.extras LIKE '%"push":true%' THEN 3 ELSE 2 END
    WHEN s.flash >= 0 THEN 1 ELSE 0 END AS shape
FROM v JOIN remotes r ON r.connector = v.connector AND r.remote = v.remote
JOIN messages m ON m.id = r.message JOIN submissions s ON s.id = m.submission /*pg FOR UPDATE OF m */

-- name: find_messages
-- values: id bigint
-- columns: id, account, user_id, state, parts, price, receiver, connector, submission, sender, dialect, tag, callback, way, channel, shape, attempts, expires
-- The same for messages whose ids we know.
SELECT m.id AS id, m.account AS account, m.user_id AS user_id, m.state AS state, m.parts AS parts,
  m.price AS price, m.receiver AS receiver, m.connector AS connector, m.submission AS submission,
  s.sender AS sender, s.dialect AS dialect, s.tag AS tag, s.callback AS callback, s.way AS way,
  s.channel AS channel,
  CASE WHEN s.alphabet = 'binary' THEN CASE WHEN s.extras LIKE '%"push":true%' THEN 3 ELSE 2 END
    WHEN s.flash >= 0 THEN 1 ELSE 0 END AS shape,
  m.attempts AS attempts, m.expires AS expires
FROM v JOIN messages m ON m.id = v.id JOIN submissions s ON s.id = m.submission /*pg FOR UPDATE OF m */

-- name: sibling_parts
-- values: message bigint
-- columns: message, connector, remote, state
-- All parts of messages that have several.
SELECT r.message AS message, r.connector AS connector, r.remote AS remote, r.state AS state
FROM v JOIN remotes r ON r.message = v.message AND r.part > 0

-- name: reroute
-- values: id bigint, node bigint, connector bigint, turn bigint
-- Send queued messages another way.
UPDATE messages SET connector = v.connector, turn = v.turn
FROM v WHERE messages.id = v.id AND messages.state = 1 AND messages.node = v.node
